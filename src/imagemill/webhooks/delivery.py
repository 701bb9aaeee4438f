"""A delivery: the word of one end of a job, on its way to whom its client named. Pure."""

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
    """A delivery as its client sees it. `n` counts the ends of the job, from 1."""

    n: int
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
    """A worker's hold on a delivery that is to be tried now.

    `attempt` is the number of this try, of all that there were; `turn` the same since the delivery
    was last asked for, both from 1. `snapshot` is the job's row as it ended, and None once there is
    a `body`. `traceparent` is the trace of the job.
    """

    job_id: JobId
    n: int
    event: str
    url: str
    receiver: str
    webhook_id: str
    attempt: int
    turn: int
    snapshot: Json | None
    body: str | None
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """What came of a try. A PENDING delivery is tried again after the delay."""

    status: DeliveryStatus
    status_code: int | None = None
    error: str | None = None
    delay: timedelta = timedelta(0)
