"""A delivery: the webhook for one end of a job, and the outcome of a try to send it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from imagemill.errors import Rejected
from imagemill.jobs.job import JobId, Json


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class DeliveryNotFound(Rejected):
    """The job has no delivery of this number."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as clients see it. `number` counts the ends of the job, from 1."""

    number: int
    event: str
    url: str
    webhook_id: str
    status: DeliveryStatus
    tries: int
    last_status_code: int | None
    last_error: str | None
    next_try_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that a worker has claimed, to try it now.

    `tries` counts all its tries including this one, and is the claim's fencing token.
    `retry_number` is 0 at the first try, and at the first one after a redelivery was requested.
    `snapshot` is the job's row as it ended, None once there is a `body`. `traceparent` is the trace
    of the job.
    """

    job_id: JobId
    number: int
    event: str
    url: str
    receiver: str
    webhook_id: str
    tries: int
    retry_number: int
    snapshot: Json | None
    body: str | None
    traceparent: str | None

    @property
    def is_retry(self) -> bool:
        return self.retry_number > 0


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The status of a delivery after a try. If PENDING, the next try is due after `delay`."""

    status: DeliveryStatus
    status_code: int | None = None
    error: str | None = None
    delay: timedelta = timedelta(0)
