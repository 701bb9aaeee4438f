"""What the gateway answers, as the OpenAPI document shows it."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from imagemill.api_schemas import DESCRIBED, Count, ErrorBody, JobBody, MediaType, PipelineJson
from imagemill.gateway.problem import ProblemBody
from imagemill.jobs.explanation import Explanation
from imagemill.jobs.job import Event, Status
from imagemill.webhooks.delivery import Delivery, DeliveryStatus


class JobsBody(BaseModel):
    """A page of jobs, newest first."""

    model_config = DESCRIBED | ConfigDict(title="JobPage")

    jobs: list[JobBody]
    next_cursor: str | None
    """The `cursor` of the following page; null on the last one."""


class EventBody(BaseModel):
    """One change of status."""

    model_config = DESCRIBED

    id: int
    at: datetime
    status: Status
    """The one that the job changed to."""
    attempt: Count
    """The try it belongs to; 0 before the first."""
    worker: UUID | None
    """Who made that try."""
    error: ErrorBody | None
    """What failed, when something did."""

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


class DeliveryBody(BaseModel):
    """One end of the job, on its way to its `callback_url`.

    `n` counts the ends, from 1. `tries` counts all tries, `webhook_id` stays the same in each; the
    code and the error are those of the last one.
    """

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

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(**asdict(delivery))


class DeliveriesBody(BaseModel):
    """What was to be told of a job's ends, oldest first."""

    deliveries: list[DeliveryBody]


class ExplanationBody(BaseModel):
    """What a job waits for: a sentence for a person, and what it is made of; null: not now."""

    summary: str = Field(examples=["It waits in the queue behind 12 jobs."])
    place_in_line: int | None = Field(
        description="from 1, while it waits in the queue; not counted beyond 10,001", examples=[13]
    )
    holder: UUID | None = Field(description="the worker that has it, while it is processed")
    last_heartbeat: datetime | None = Field(description="when that worker last spoke of it")
    next_try_at: datetime | None = Field(description="when it is due, while it is not yet")
    last_error: ErrorBody | None = Field(description="why the last attempt that failed did")

    @classmethod
    def of(cls, explanation: Explanation) -> Self:
        return cls.model_validate(asdict(explanation))


class PresetsBody(BaseModel):
    """The pipelines that have a name."""

    presets: dict[str, PipelineJson]


class LimitsBody(BaseModel):
    """What an upload may be at most."""

    model_config = DESCRIBED

    max_upload_bytes: Count
    max_pixels: Count
    """Of all frames together."""
    max_frames: Count
    timeout_seconds: float
    """Wall-clock time of one try."""


class CapabilitiesBody(BaseModel):
    """The media types that a sample proved at start, and what an upload may be at most."""

    inputs: list[MediaType]
    outputs: list[MediaType]
    limits: LimitsBody


class HealthBody(BaseModel):
    """The process lives."""

    model_config = ConfigDict(title="Liveness")

    status: Literal["ok"]


Presence = Literal["ok", "away"]


class ReadinessBody(BaseModel):
    """Which neighbours answer. Redis may be away: uploads are accepted all the same."""

    model_config = DESCRIBED

    postgres: Presence
    redis: Presence
    storage: Presence
    sandbox: str
    """How far image processes are confined where the gateway runs."""


class UnreadinessBody(ProblemBody):
    """A problem that says which neighbours answer."""

    postgres: Presence
    redis: Presence
    storage: Presence
