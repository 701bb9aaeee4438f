"""What a server answers, as frozen models. Members that this version does not know are ignored."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from imagemill.client.errors import JobNotCompleted
from imagemill.field_errors import FieldError
from imagemill.jobs.job import ENDED, Priority, Status


class Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class JobInput(Model):
    """The uploaded image. Width, height (pixels) and frames are None until a worker has read it."""

    filename: str | None
    media_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    frames: int | None


class JobOutput(Model):
    """An output image. `url` is relative to the address of the server."""

    # It may become part of a local path, so nothing else is accepted from a server.
    name: Annotated[str, Field(pattern="^[a-z0-9_-]{1,64}$")]
    path: str
    media_type: str
    bytes: int
    width: int
    height: int
    frames: int
    url: str


class JobError(Model):
    """Why an attempt failed: a code for programs and one sentence for people."""

    code: str
    detail: str


class Job(Model):
    """A job. `pipeline` is None in events, which are sent without it."""

    id: UUID
    status: Status
    input_path: str
    output_path: str | None
    input: JobInput
    pipeline: dict[str, Any] | None = None
    outputs: tuple[JobOutput, ...]
    analysis: dict[str, Any] | None
    error: JobError | None
    priority: Priority
    metadata: dict[str, Any]
    attempts: int
    max_attempts: int
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    def require_completed(self) -> "Job":
        """Return the job itself. Raises JobNotCompleted unless it is COMPLETED."""
        if self.status is not Status.COMPLETED:
            raise JobNotCompleted(self)
        return self


class JobPage(Model):
    """Some jobs, newest first, and the cursor of the next page."""

    jobs: tuple[Job, ...]
    next_cursor: str | None


class HistoryEvent(Model):
    """One change of status. `attempt` counts from 1; it is 0 before the first."""

    id: int
    at: datetime
    status: Status
    attempt: int
    worker: UUID | None
    error: JobError | None


class History(Model):
    events: tuple[HistoryEvent, ...]


class Explanation(Model):
    """What a job waits for, as a sentence and as facts; a fact that does not apply is None."""

    summary: str
    place_in_line: int | None
    holder: UUID | None
    last_heartbeat: datetime | None
    next_try_at: datetime | None
    last_error: JobError | None


class Delivery(Model):
    """One webhook of a job: `n` counts them, `tries` is how often it was sent."""

    n: int
    event: str
    url: str
    webhook_id: str
    status: str
    tries: int
    last_status_code: int | None
    last_error: str | None
    next_try_at: datetime | None
    delivered_at: datetime | None


class Deliveries(Model):
    deliveries: tuple[Delivery, ...]


class Link(Model):
    """A signed link to one output, which needs no API key. `url` is absolute."""

    url: str
    expires_at: datetime


class Presets(Model):
    presets: dict[str, Any]


class Limits(Model):
    max_upload_bytes: int
    max_pixels: int
    max_frames: int
    timeout_seconds: float


class Capabilities(Model):
    """Media types that the server reads and writes, and its limits."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    limits: Limits


class ProblemDetails(Model):
    """Problem details (RFC 9457)."""

    type: str
    detail: str
    errors: tuple[FieldError, ...] = ()
