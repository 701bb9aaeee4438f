"""A job, its statuses and their transitions, its attempts. Pure: no driver and no clock."""

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

# The trigger jobs_guard of postgres/migrations/0001_schema.sql enforces the same transitions.
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
    """The priority of a job, from the highest to the lowest. Higher ones are claimed first."""

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


# The image or the request is at fault: another attempt would fail in the same way.
NEVER_RETRIED: Final = frozenset(
    {
        ErrorCode.INVALID_IMAGE,
        ErrorCode.UNSUPPORTED_FORMAT,
        ErrorCode.TOO_LARGE,
        ErrorCode.DOES_NOT_FIT,
    }
)
# The image may have brought down its process: one more attempt, isolated from other jobs.
RETRIED_ONCE: Final = frozenset(
    {ErrorCode.TIMED_OUT, ErrorCode.DECODER_CRASHED, ErrorCode.OUT_OF_MEMORY}
)

MAX_BACKOFF: Final = timedelta(seconds=60)


class JobNotFound(Rejected):
    """No job has this id, or it belongs to another API key."""


class IllegalTransition(Rejected):
    """The job's status does not allow the transition."""


@dataclass(frozen=True, slots=True)
class JobError:
    """Why an attempt failed: a code for programs and one sentence for people."""

    code: ErrorCode
    detail: str


@dataclass(frozen=True, slots=True)
class InputFacts:
    """The input image. Width, height (pixels) and frames are None until a worker has read it."""

    filename: str | None
    media_type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    frames: int | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be inserted.

    `key_id` is the API key that sent it, its owner; `traceparent` its trace, in the format of W3C
    Trace Context.
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
class IdempotencyKey:
    """A client's key, the SHA-256 of its upload, and the API key that it was sent with.

    The same `key` with another `key_id` is another key.
    """

    key: str
    content_sha256: bytes
    key_id: KeyId | None


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the table `jobs`."""

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
    """A change of a job's status. `attempt` is its attempt, from 1; 0 before the first one."""

    id: int
    at: datetime
    status: Status
    attempt: int
    worker: UUID | None
    error: JobError | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker has claimed. `fence` distinguishes all claims of one job.

    `has_callback` is whether a webhook follows its end; `wait_time` is the time from when the job
    was due to the claim, by PostgreSQL's clock.
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
    wait_time: timedelta = timedelta(0)

    @property
    def needs_isolation(self) -> bool:
        """Whether no other job may run beside it: an earlier attempt may have killed its worker."""
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
    """The result of a failed attempt that is not retried."""

    claim: Claim
    error: JobError


def is_final(claim: Claim, code: ErrorCode) -> bool:
    """Return whether the job fails for good after an attempt that failed with this code."""
    if code in NEVER_RETRIED or claim.attempt >= claim.max_attempts:
        return True
    return code in RETRIED_ONCE and claim.previous_error in RETRIED_ONCE


def backoff(attempt: int, draw: float) -> timedelta:
    """Return the delay of the next attempt after the given failed one (from 1).

    min(60, 2^attempt) seconds, times 0.5 to 1.5; `draw` is a random number in [0, 1).
    """
    # 2**6 exceeds the maximum already; much more would overflow timedelta.
    return min(MAX_BACKOFF, timedelta(seconds=2 ** min(attempt, 6))) * (0.5 + draw)
