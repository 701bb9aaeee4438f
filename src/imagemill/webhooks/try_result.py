"""What came of one try to deliver, and what follows from it. Pure: no clock and no chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from imagemill.webhooks.delivery import DeliveryOutcome, DeliveryStatus

LONGEST_RETRY_AFTER: Final = timedelta(days=1)
MOST_DIGITS: Final = 9  # of seconds; more would overflow timedelta

LEAST_JITTER: Final = 0.8
JITTER: Final = 0.4


class TryStatus(StrEnum):
    """How a try ended, as the metric `imagemill_webhook_tries` counts it."""

    DELIVERED = "delivered"
    GONE = "gone"
    STATUS = "status"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    CERTIFICATE = "certificate"
    NAME = "name"
    REFUSED_ADDRESS = "refused_address"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class TryResult:
    """The end of one try. `error` is one sentence for the client; None when it was delivered."""

    result: TryStatus
    error: str | None = None
    status_code: int | None = None
    retry_after: timedelta = timedelta(0)


def classify_response(status_code: int, retry_after: str | None, now: datetime) -> TryResult:
    """Return what an answer of this status means: any 2xx is delivery, a redirect is a failure."""
    if HTTPStatus.OK <= status_code < HTTPStatus.MULTIPLE_CHOICES:
        return TryResult(TryStatus.DELIVERED, None, status_code)
    if status_code == HTTPStatus.GONE:
        return TryResult(
            TryStatus.GONE, "The receiver answered 410: it wants no more.", status_code
        )
    sentence = f"The receiver answered {status_code}"
    if HTTPStatus.MULTIPLE_CHOICES <= status_code < HTTPStatus.BAD_REQUEST:
        sentence += "; redirects are not followed"
    delay = parse_retry_after(retry_after, now)
    return TryResult(TryStatus.STATUS, f"{sentence}.", status_code, delay)


def parse_retry_after(value: str | None, now: datetime) -> timedelta:
    """Return how long a header asks to wait: seconds or a date (RFC 9110, 10.2.3), a day at most.

    What cannot be read asks for nothing.
    """
    if value is None:
        return timedelta(0)
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = int(text) if len(text) <= MOST_DIGITS else 10**MOST_DIGITS
        return min(timedelta(seconds=seconds), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta(0)
    if moment.tzinfo is None:  # -0000, as some write UTC
        moment = moment.replace(tzinfo=UTC)
    return max(timedelta(0), min(moment - now, LONGEST_RETRY_AFTER))


def next_state(
    answer: TryResult, turn: int, schedule: Sequence[timedelta], draw: float
) -> DeliveryOutcome:
    """Return what becomes of a delivery after the try of this number, from 1.

    `schedule` has the waits between tries, so there is one try more than it has members. The wait
    is that of the schedule times 0.8 to 1.2, or what the receiver asked for if that is longer;
    `draw` is a random number in [0, 1).
    """
    if answer.result is TryStatus.DELIVERED:
        return DeliveryOutcome(DeliveryStatus.DELIVERED, answer.status_code)
    if answer.result is TryStatus.GONE or turn > len(schedule):
        return DeliveryOutcome(DeliveryStatus.FAILED, answer.status_code, answer.error)
    delay = max(schedule[turn - 1] * (LEAST_JITTER + JITTER * draw), answer.retry_after)
    return DeliveryOutcome(DeliveryStatus.PENDING, answer.status_code, answer.error, delay)
