"""A job as clients see it, wherever they see it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from imagemill.jobs.job import ErrorCode, Job, OutputFacts, Priority, Status


class InputBody(BaseModel):
    """The image that came in; its size in pixels and frames is null until a worker read it."""

    filename: str | None
    media_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    frames: int | None


class OutputBody(BaseModel):
    """An image that went out. `url` is where to fetch it."""

    name: str
    path: str
    media_type: str
    bytes: int
    width: int
    height: int
    frames: int
    url: str


class ErrorBody(BaseModel):
    """Why the last try failed: a code to act on and a sentence for a person."""

    code: ErrorCode
    detail: str


class JobBody(BaseModel):
    """A job."""

    id: UUID
    status: Status
    input_path: str
    output_path: str | None
    input: InputBody
    pipeline: dict[str, Any]
    outputs: list[OutputBody]
    analysis: dict[str, Any] | None
    error: ErrorBody | None
    priority: Priority
    metadata: dict[str, Any]
    attempts: int
    max_attempts: int
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(
            id=job.id,
            status=job.status,
            input_path=job.input_path,
            output_path=job.output_path,
            input=InputBody(**asdict(job.input)),
            pipeline=job.pipeline,
            outputs=[_output(job, output) for output in job.outputs],
            analysis=job.analysis,
            error=ErrorBody(**asdict(job.error)) if job.error else None,
            priority=job.priority,
            metadata=job.metadata,
            attempts=job.attempts,
            max_attempts=job.max_attempts,
            created_at=job.created_at,
            run_at=job.run_at,
            started_at=job.started_at,
            completed_at=job.completed_at,
            updated_at=job.updated_at,
        )


def _output(job: Job, output: OutputFacts) -> OutputBody:
    return OutputBody(
        name=output.name,
        path=output.path,
        media_type=output.media_type,
        bytes=output.bytes,
        width=output.width,
        height=output.height,
        frames=output.frames,
        url=f"/jobs/{job.id}/outputs/{output.name}",
    )
