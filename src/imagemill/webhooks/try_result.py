"""The result of a try to deliver a webhook, and the delivery's next state. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from imagemill.retry_after import parse_retry_after
from imagemill.webhooks.delivery import DeliveryOutcome, DeliveryStatus

MAX_RETRY_AFTER: Final = timedelta(days=1)

MIN_JITTER: Final = 0.8
JITTER_RANGE: Final = 0.4


class TryStatus(StrEnum):
    """How a try ended: the label `result` of the metric `imagemill_webhook_tries_total`."""

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
    """The result of one try. `error` is one sentence for the client, None if it was delivered."""

    status: TryStatus
    error: str | None = None
    status_code: int | None = None
    retry_after: timedelta = timedelta(0)


def classify_response(status_code: int, retry_after: str | None, now: datetime) -> TryResult:
    """Return the result of a response: any 2xx is a delivery, and a redirect is a failure.

    `retry_after` is the header of the response, if it has one; it counts up to one day.
    """
    if HTTPStatus.OK <= status_code < HTTPStatus.MULTIPLE_CHOICES:
        return TryResult(TryStatus.DELIVERED, None, status_code)
    if status_code == HTTPStatus.GONE:
        return TryResult(TryStatus.GONE, "The receiver answered 410 (Gone).", status_code)
    sentence = f"The receiver answered {status_code}"
    if HTTPStatus.MULTIPLE_CHOICES <= status_code < HTTPStatus.BAD_REQUEST:
        sentence += "; redirects are not followed"
    delay = min(parse_retry_after(retry_after, now) or timedelta(0), MAX_RETRY_AFTER)
    return TryResult(TryStatus.STATUS, f"{sentence}.", status_code, delay)


def next_state(
    result: TryResult, retry_number: int, schedule: Sequence[timedelta], draw: float
) -> DeliveryOutcome:
    """Return the state of a delivery after a try: the first one (0) or a retry (from 1).

    `schedule` has the delays of all retries. The delay is that of the schedule times 0.8 to 1.2, or
    the receiver's Retry-After if that is longer; `draw` is a random number in [0, 1).
    """
    if result.status is TryStatus.DELIVERED:
        return DeliveryOutcome(DeliveryStatus.DELIVERED, result.status_code)
    if result.status is TryStatus.GONE or retry_number >= len(schedule):
        return DeliveryOutcome(DeliveryStatus.FAILED, result.status_code, result.error)
    delay = max(schedule[retry_number] * (MIN_JITTER + JITTER_RANGE * draw), result.retry_after)
    return DeliveryOutcome(DeliveryStatus.PENDING, result.status_code, result.error, delay)
