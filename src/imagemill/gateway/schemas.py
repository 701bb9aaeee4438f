"""Bodies of responses, as pydantic models for the OpenAPI document."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from imagemill.api_schemas import DESCRIBED, Count, ErrorBody, JobBody, MediaType, PipelineJson
from imagemill.gateway.problem import ProblemBody
from imagemill.jobs.explanation import Explanation
from imagemill.jobs.job import Event, Status
from imagemill.jobs.worker_registry import KnownWorker
from imagemill.webhooks.delivery import Delivery, DeliveryStatus


class JobsBody(BaseModel):
    """A page of jobs, newest first."""

    model_config = DESCRIBED | ConfigDict(title="JobPage")

    jobs: list[JobBody]
    next_cursor: str | None
    """The `cursor` of the next page; null on the last page."""


class EventBody(BaseModel):
    """One change of status."""

    model_config = DESCRIBED

    id: int
    at: datetime
    status: Status
    """The status that the job changed to."""
    attempt: Count
    """The attempt it belongs to; 0 before the first."""
    worker: UUID | None
    """The worker that made the attempt."""
    error: ErrorBody | None
    """Why the attempt failed, if it did."""

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
    """Every change of status of a job, oldest first."""

    events: list[EventBody]


class LinkBody(BaseModel):
    """A signed link: gives access to one output without an API key, until it expires."""

    url: str
    expires_at: datetime


class DeliveryBody(BaseModel):
    """One webhook of a job: the delivery of one of its ends to its `callback_url`.

    `n` counts the job's webhooks, from 1. `tries` counts all tries, which have the same
    `webhook_id`; the status code and the error are those of the last one.
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
        members = asdict(delivery)
        return cls(n=members.pop("number"), **members)


class DeliveriesBody(BaseModel):
    """The webhooks of a job, oldest first."""

    deliveries: list[DeliveryBody]


class ExplanationBody(BaseModel):
    """What a job waits for, as a sentence and as its facts; a fact that does not apply is null."""

    summary: str = Field(examples=["It waits in the queue behind 12 jobs."])
    place_in_line: int | None = Field(
        description="its place in the queue, from 1, while it is queued; not counted beyond 10,001",
        examples=[13],
    )
    holder: UUID | None = Field(description="the worker that processes it")
    last_heartbeat: datetime | None = Field(description="the last heartbeat of that worker")
    next_try_at: datetime | None = Field(
        description="when its next attempt may begin, if that is in the future"
    )
    last_error: ErrorBody | None = Field(description="why the last failed attempt failed")

    @classmethod
    def of(cls, explanation: Explanation) -> Self:
        return cls.model_validate(asdict(explanation))


class WorkerBody(BaseModel):
    """A worker, as it noted itself in PostgreSQL."""

    model_config = DESCRIBED

    id: UUID
    """New at each start of its process; the `worker` of a job's history."""
    host: str
    version: str
    concurrency: Count
    """How many images it processes at once, each in an image process of its own."""
    sandbox: str
    """How its image processes are confined."""
    started_at: datetime
    last_seen_at: datetime
    """When it last noted itself, which it does three times a minute or more often."""
    status: Literal["live", "lost"]
    """Lost: it missed three notes in a row. A worker that stops in order is not listed."""
    jobs: list[UUID]
    """The jobs that it holds."""

    @classmethod
    def of(cls, worker: KnownWorker) -> Self:
        return cls(
            **asdict(worker.facts),
            started_at=worker.started_at,
            last_seen_at=worker.last_seen_at,
            status="live" if worker.is_live else "lost",
            jobs=[*worker.job_ids],
        )


class WorkersBody(BaseModel):
    """The workers that run or were lost within the last hour, in the order of their starts."""

    workers: list[WorkerBody]


class PresetsBody(BaseModel):
    """The presets: pipelines with a name."""

    presets: dict[str, PipelineJson]


class LimitsBody(BaseModel):
    """The limits of an upload."""

    model_config = DESCRIBED

    max_upload_bytes: Count
    max_pixels: Count
    """Of all frames in total."""
    max_frames: Count
    timeout_seconds: float
    """Wall-clock time of one attempt."""


class CapabilitiesBody(BaseModel):
    """The media types that work in this installation, and the limits of an upload."""

    inputs: list[MediaType]
    outputs: list[MediaType]
    limits: LimitsBody


class HealthBody(BaseModel):
    """The process is alive."""

    model_config = ConfigDict(title="Liveness")

    status: Literal["ok"]


Presence = Literal["ok", "away"]


# Redis answers, and refuses our password or a command.
RedisPresence = Literal["ok", "away", "refused"]


class ReadinessBody(BaseModel):
    """Which services are reachable. Without Redis uploads are still accepted."""

    model_config = DESCRIBED

    postgres: Presence
    redis: RedisPresence
    storage: Presence
    sandbox: str
    """How image processes are confined on the gateway's machine."""
    reasons: dict[str, str] | None = None
    """Why a service is not ok; absent while all are."""


class UnreadinessBody(ProblemBody):
    """A problem that says which services are reachable."""

    postgres: Presence
    redis: RedisPresence
    storage: Presence
