"""What the gateway answers, as the OpenAPI document shows it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from imagemill.contract.job import ErrorBody, JobBody
from imagemill.jobs.job import Event, Status


class JobsBody(BaseModel):
    """A page of jobs, newest first; `next_cursor` fetches the following one."""

    jobs: list[JobBody]
    next_cursor: str | None


class EventBody(BaseModel):
    """One change of status. `attempt` is the try it belongs to, `worker` who made it."""

    id: int
    at: datetime
    status: Status
    attempt: int
    worker: UUID | None
    error: ErrorBody | None

    @classmethod
    def of(cls, event: Event) -> Self:
        return cls(
            id=event.id,
            at=event.at,
            status=event.status,
            attempt=event.attempt,
            worker=event.worker,
            error=ErrorBody(**asdict(event.error)) if event.error else None,
        )


class HistoryBody(BaseModel):
    """Every change of status that a job went through, oldest first."""

    events: list[EventBody]


class LinkBody(BaseModel):
    """An address that gives one output to whoever has it, until it expires."""

    url: str
    expires_at: datetime


class PresetsBody(BaseModel):
    """The pipelines that have a name."""

    presets: dict[str, dict[str, Any]]


class LimitsBody(BaseModel):
    max_upload_bytes: int
    max_pixels: int
    max_frames: int
    timeout_seconds: float


class CapabilitiesBody(BaseModel):
    """The media types that a sample proved at start, and what an upload may be at most."""

    inputs: list[str]
    outputs: list[str]
    limits: LimitsBody


class HealthBody(BaseModel):
    status: str


class ReadinessBody(BaseModel):
    """Which neighbours answer: each is `ok` or `away`.

    `sandbox` says how far image processes are confined where the gateway runs.
    """

    postgres: str
    redis: str
    storage: str
    sandbox: str
