"""A job, the statuses it may have, and what may follow what. Pure: no driver and no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NewType
from uuid import UUID

from imagemill.errors import Rejected
from imagemill.image_files import InputImage, OutputFile

JobId = NewType("JobId", UUID)
KeyId = NewType("KeyId", UUID)
Json = dict[str, Any]


class Status(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


ENDED: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED})

# The guard trigger in migrations/0001_schema.sql says the same; a test holds the two together.
TRANSITIONS: Final = {
    Status.PENDING: frozenset({Status.PROCESSING, Status.CANCELED}),
    Status.PROCESSING: frozenset(
        {Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.PENDING}
    ),
    Status.COMPLETED: frozenset[Status](),
    Status.FAILED: frozenset({Status.PENDING}),
    Status.CANCELED: frozenset({Status.PENDING}),
}


class Priority(StrEnum):
    """Which line a job waits in; declared in the order in which they are served."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class ErrorCode(StrEnum):
    """Why an attempt failed."""

    INVALID_IMAGE = "invalid_image"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TOO_LARGE = "too_large"
    DOES_NOT_FIT = "does_not_fit"
    TIMED_OUT = "timed_out"
    DECODER_CRASHED = "decoder_crashed"
    OUT_OF_MEMORY = "out_of_memory"
    WORKER_LOST = "worker_lost"
    INTERNAL = "internal"


# The picture or the request is at fault: the next try would end the same way.
FINAL_AT_ONCE: Final = frozenset(
    {
        ErrorCode.INVALID_IMAGE,
        ErrorCode.UNSUPPORTED_FORMAT,
        ErrorCode.TOO_LARGE,
        ErrorCode.DOES_NOT_FIT,
    }
)
# The picture is suspected of hurting its process: it gets one more chance, alone.
TRIED_ONCE_MORE: Final = frozenset(
    {ErrorCode.TIMED_OUT, ErrorCode.DECODER_CRASHED, ErrorCode.OUT_OF_MEMORY}
)

BACKOFF_CEILING: Final = timedelta(seconds=60)


class JobNotFound(Rejected):
    """No job has this id."""


class IllegalTransition(Rejected):
    """The job's status does not allow what was asked."""


@dataclass(frozen=True, slots=True)
class JobError:
    """Why the last attempt failed: a code to act on, and one sentence for a person."""

    code: ErrorCode
    detail: str


@dataclass(frozen=True, slots=True)
class InputFacts:
    """The image that came in. Width, height (pixels) and frames are known once it was read."""

    filename: str | None
    media_type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    frames: int | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """What the gateway knows of a job when it accepts it.

    `key_id` is the API key that sent it, `traceparent` the trace it belongs to, as W3C Trace
    Context writes it.
    """

    id: JobId
    input_path: str
    input: InputFacts
    pipeline: Json
    priority: Priority = Priority.NORMAL
    metadata: Json = field(default_factory=dict)
    max_attempts: int = 3
    key_id: KeyId | None = None
    callback_url: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the ledger has it."""

    id: JobId
    status: Status
    input_path: str
    output_path: str | None
    input: InputFacts
    pipeline: Json
    outputs: tuple[OutputFile, ...]
    analysis: Json | None
    error: JobError | None
    priority: Priority
    metadata: Json
    attempts: int
    max_attempts: int
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One change of status in a job's history. `attempt` is the try it belongs to, from 1."""

    id: int
    at: datetime
    status: Status
    attempt: int
    worker: UUID | None
    error: JobError | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a job. `fence` tells this claim from every other of the same job.

    `has_callback`: somebody is to be told when it ends.
    `waited` is the time from the job being due to the claim, by PostgreSQL's clock.
    """

    id: JobId
    fence: int
    attempt: int
    max_attempts: int
    input_path: str
    pipeline: Json
    previous_error: ErrorCode | None = None
    traceparent: str | None = None
    has_callback: bool = False
    waited: timedelta = timedelta(0)

    @property
    def needs_isolation(self) -> bool:
        """Whether nothing else may run beside it: a try that failed may have been a killer's."""
        return self.attempt > 1


@dataclass(frozen=True, slots=True)
class Completed:
    """The result of an attempt that succeeded."""

    claim: Claim
    input: InputImage
    outputs: tuple[OutputFile, ...]
    analysis: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt's bad end that is the job's end too."""

    claim: Claim
    error: JobError


def is_final(claim: Claim, code: ErrorCode) -> bool:
    """Return whether an attempt that failed with this code was the job's last."""
    if code in FINAL_AT_ONCE or claim.attempt >= claim.max_attempts:
        return True
    return code in TRIED_ONCE_MORE and claim.previous_error in TRIED_ONCE_MORE


def backoff(attempt: int, draw: float) -> timedelta:
    """Return how long a job waits after the given failed attempt (from 1).

    min(60, 2^attempt) seconds, times 0.5 to 1.5; `draw` is a random number in [0, 1).
    """
    # 2**6 is past the ceiling already; much more would overflow timedelta.
    return min(BACKOFF_CEILING, timedelta(seconds=2 ** min(attempt, 6))) * (0.5 + draw)
