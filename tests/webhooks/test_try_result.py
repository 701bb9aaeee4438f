"""The result of a receiver's response, and when the next try is made."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagemill.webhooks.delivery import DeliveryOutcome, DeliveryStatus
from imagemill.webhooks.try_result import (
    TryResult,
    TryStatus,
    classify_response,
    next_state,
)

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
SCHEDULE = [timedelta(seconds=5), timedelta(minutes=5)]
DAY = timedelta(days=1)
NOTHING = timedelta(0)
DATE = r"[A-Za-z]{3}, \d{1,9} [A-Za-z]{3} \d{1,12} \d{1,12}:\d{1,12}(:\d{1,12})? [+-A-Z0-9]{1,12}"


@pytest.mark.parametrize(
    ("status_code", "status", "error"),
    [
        (200, TryStatus.DELIVERED, None),
        (204, TryStatus.DELIVERED, None),
        (299, TryStatus.DELIVERED, None),
        (300, TryStatus.STATUS, "The receiver answered 300; redirects are not followed."),
        (308, TryStatus.STATUS, "The receiver answered 308; redirects are not followed."),
        (404, TryStatus.STATUS, "The receiver answered 404."),
        (410, TryStatus.GONE, "The receiver answered 410 (Gone)."),
        (500, TryStatus.STATUS, "The receiver answered 500."),
        (999, TryStatus.STATUS, "The receiver answered 999."),
    ],
)
def test_any_2xx_is_delivery_and_nothing_else_is(
    status_code: int, status: TryStatus, error: str | None
) -> None:
    assert classify_response(status_code, None, NOW) == TryResult(status, error, status_code)


@pytest.mark.parametrize(
    ("header", "delay"),
    [
        (None, NOTHING),
        ("", NOTHING),
        ("120", timedelta(minutes=2)),
        (" 7 ", timedelta(seconds=7)),
        ("86401", DAY),
        ("9" * 5000, DAY),
        ("-5", NOTHING),
        ("1.5", NOTHING),
        ("soon", NOTHING),
        ("²", NOTHING),
        ("Tue, 24 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Tue, 24 Nov 2026 12:00:30 -0000", timedelta(seconds=30)),
        ("Tue, 24 Nov 2026 11:00:00 GMT", NOTHING),
        ("Fri, 24 Nov 2045 12:00:00 GMT", DAY),
        ("Tue, 99 Nov 2026 12:00:00 GMT", NOTHING),
        ("Tue, 24 Nov 99999999999 12:00:00 GMT", NOTHING),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_and_counts_for_a_day_at_most(
    header: str | None, delay: timedelta
) -> None:
    assert classify_response(503, header, NOW).retry_after == delay


@given(header=st.text() | st.from_regex(DATE))
def test_any_retry_after_is_a_delay_of_up_to_a_day(header: str) -> None:
    assert NOTHING <= classify_response(503, header, NOW).retry_after <= DAY


@pytest.mark.parametrize(
    ("retry_number", "draw", "seconds"), [(0, 0.0, 4), (0, 0.5, 5), (1, 0.0, 240), (1, 1.0, 360)]
)
def test_a_failed_try_waits_as_the_schedule_says_a_little_more_or_less(
    retry_number: int, draw: float, seconds: float
) -> None:
    outcome = next_state(classify_response(500, None, NOW), retry_number, SCHEDULE, draw)
    assert outcome.status is DeliveryStatus.PENDING
    assert outcome.delay.total_seconds() == pytest.approx(seconds)


def test_a_receiver_may_ask_for_a_longer_wait_and_not_for_a_shorter_one() -> None:
    longer, shorter = classify_response(503, "3600", NOW), classify_response(503, "1", NOW)
    assert next_state(longer, 0, SCHEDULE, 0.5).delay == timedelta(hours=1)
    assert next_state(shorter, 0, SCHEDULE, 0.5).delay == timedelta(seconds=5)


def test_after_the_last_try_a_delivery_has_failed_for_good() -> None:
    result = classify_response(500, "3600", NOW)
    assert next_state(result, 2, SCHEDULE, 0.5) == DeliveryOutcome(
        DeliveryStatus.FAILED, 500, "The receiver answered 500."
    )


def test_a_receiver_that_is_gone_is_not_tried_again() -> None:
    assert (
        next_state(classify_response(410, None, NOW), 0, SCHEDULE, 0.5).status
        is DeliveryStatus.FAILED
    )


@pytest.mark.parametrize("retry_number", [0, 2, 3])
def test_a_delivery_succeeds_at_any_try(retry_number: int) -> None:
    outcome = next_state(classify_response(200, None, NOW), retry_number, SCHEDULE, 0.5)
    assert outcome == DeliveryOutcome(DeliveryStatus.DELIVERED, 200)
