"""The JSON of a job, in responses, streams and webhooks."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from imagemill.image_files import OutputFile
from imagemill.jobs.job import ErrorCode, InputFacts, Job, Priority, Status

# The docstring of an attribute is its description in the OpenAPI document.
DESCRIBED: Final = ConfigDict(use_attribute_docstrings=True)

# Validated where they are created, in packages that this one does not import: here they are JSON.
PipelineJson = Annotated[
    dict[str, Any], WithJsonSchema({"allOf": [{"$ref": "#/components/schemas/Pipeline"}]})
]
AnalysisJson = Annotated[
    dict[str, Any], WithJsonSchema({"allOf": [{"$ref": "#/components/schemas/Analysis"}]})
]
MediaType = Annotated[str, Field(json_schema_extra={"pattern": "^image/[a-z.-]+$"})]
Count = Annotated[int, Field(json_schema_extra={"minimum": 0})]


class InputBody(BaseModel):
    """The uploaded image."""

    model_config = DESCRIBED

    filename: str | None
    """The name that the client sent, without folders."""
    media_type: MediaType
    """Detected from its first bytes."""
    bytes: Count
    sha256: Annotated[str, Field(json_schema_extra={"pattern": "^[0-9a-f]{64}$"})]
    width: Count | None
    """In pixels, upright; null until a worker has read the image."""
    height: Count | None
    frames: Count | None


class OutputBody(BaseModel):
    """An output image."""

    model_config = DESCRIBED | ConfigDict(title="OutputFile")

    name: str
    path: str
    """Its key under the storage root."""
    media_type: MediaType
    bytes: Count
    width: Count
    height: Count
    frames: Count
    """The number of frames in the file; encoders merge equal frames."""
    url: Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
    """Where to download it."""


class ErrorBody(BaseModel):
    """Why the last attempt failed."""

    model_config = DESCRIBED

    code: ErrorCode
    """For programs."""
    detail: str
    """For people: one sentence."""


class JobBody(BaseModel):
    """A job."""

    model_config = DESCRIBED

    id: UUID
    status: Status
    input_path: str
    """The input's key under the storage root."""
    output_path: str | None
    """The first output's key; null until COMPLETED."""
    input: InputBody
    pipeline: PipelineJson
    """The requested pipeline; presets and shorthand are expanded."""
    outputs: list[OutputBody]
    """Empty until COMPLETED, then in the order of the pipeline."""
    analysis: AnalysisJson | None
    """The results of `analyze`; null until COMPLETED, or if the pipeline has none."""
    error: ErrorBody | None
    """Why the last attempt failed; null if none did."""
    priority: Priority
    metadata: dict[str, Any]
    """The JSON object that the client sent, unchanged."""
    attempts: Count
    """Attempts that were used up."""
    max_attempts: Count
    created_at: datetime
    run_at: datetime
    """When the next attempt may begin."""
    started_at: datetime | None
    """When the first attempt began, since the last `retry`."""
    completed_at: datetime | None
    """When the job ended, whatever its status."""
    updated_at: datetime

    @classmethod
    def of(cls, job: Job, root_path: str) -> Self:
        return cls.model_validate(job_members(job, root_path))


def job_members(job: Job, root_path: str) -> dict[str, Any]:
    """Return the members of a JobBody, in its order, as values that `to_json` takes.

    `root_path` is the prefix of the service behind a proxy, "" for none.
    Responses are made of these: to validate what the job store returned would double their cost.
    """
    return {
        "id": job.id,
        "status": job.status,
        "input_path": job.input_path,
        "output_path": job.output_path,
        "input": _input_members(job.input),
        "pipeline": job.pipeline,
        "outputs": [_output_members(job, output, root_path) for output in job.outputs],
        "analysis": job.analysis,
        "error": {"code": job.error.code, "detail": job.error.detail} if job.error else None,
        "priority": job.priority,
        "metadata": job.metadata,
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "created_at": job.created_at,
        "run_at": job.run_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "updated_at": job.updated_at,
    }


def _input_members(facts: InputFacts) -> dict[str, Any]:
    return {
        "filename": facts.filename,
        "media_type": facts.media_type,
        "bytes": facts.bytes,
        "sha256": facts.sha256,
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
    }


def _output_members(job: Job, output: OutputFile, root_path: str) -> dict[str, Any]:
    return {
        "name": output.name,
        "path": output.path,
        "media_type": output.media_type,
        "bytes": output.bytes,
        "width": output.width,
        "height": output.height,
        "frames": output.frames,
        "url": f"{root_path}/jobs/{job.id}/outputs/{output.name}",
    }
