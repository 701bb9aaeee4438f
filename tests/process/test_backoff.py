"""Delays before a request is retried and between polls."""

from datetime import UTC, datetime, timedelta

import pytest

from imagemill.process.backoff import compute_poll_delay, compute_retry_delay, parse_retry_after

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)


def test_delays_double_up_to_a_maximum_with_jitter() -> None:
    delays = [compute_retry_delay(tries, None, 0.5).total_seconds() for tries in range(1, 8)]
    assert delays == [0.5, 1, 2, 4, 8, 8, 8]
    assert compute_retry_delay(2, None, 0.0) == timedelta(seconds=0.5)


def test_the_delay_that_the_server_asks_for_takes_precedence_up_to_a_maximum() -> None:
    assert compute_retry_delay(1, timedelta(seconds=5), 0.9) == timedelta(seconds=5)
    assert compute_retry_delay(1, timedelta(hours=5), 0.9) == timedelta(seconds=60)


def test_a_job_is_polled_soon_and_then_less_and_less_often() -> None:
    delays = [compute_poll_delay(polls).total_seconds() for polls in (0, 1, 2, 5, 6, 1000)]
    assert delays == [0.03, 0.06, 0.12, 0.96, 1, 1]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("9" * 400, 60),
        ("Wed, 01 Jul 2026 12:00:30 GMT", 30),
        ("Wed, 01 Jul 2026 12:00:30 -0000", 30),
        ("Wed, 01 Jul 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: int) -> None:
    assert parse_retry_after(header, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("header", [None, "", "soon", "-3", "²"])
def test_any_other_retry_after_is_ignored(header: str | None) -> None:
    assert parse_retry_after(header, NOW) is None
