"""Delays before a request is retried and between polls."""

from datetime import timedelta

from imagemill.client.backoff import compute_poll_delay, compute_retry_delay


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
