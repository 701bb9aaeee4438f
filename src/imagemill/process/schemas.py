"""Schemas of a server's responses: the fields that this client uses; all others are ignored."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from imagemill.field_errors import FieldError
from imagemill.jobs.job import ENDED

FINAL_STATUSES: Final = frozenset(map(str, ENDED))


class ApiModel(BaseModel):
    model_config = ConfigDict(frozen=True)


class Problem(ApiModel):
    """Problem details (RFC 9457)."""

    type: str
    detail: str
    errors: tuple[FieldError, ...] = ()

    @property
    def code(self) -> str:
        """The slug of the type, with underscores like the error codes of jobs."""
        return self.type.rpartition("/")[2].replace("-", "_")


class Presets(ApiModel):
    presets: dict[str, Any]


class JobError(ApiModel):
    code: str
    detail: str


class JobOutput(ApiModel):
    # It becomes part of a local path, so a server may send nothing else.
    name: Annotated[str, Field(pattern="^[a-z0-9_-]{1,64}$")]
    path: str
    media_type: str
    bytes: int
    width: int
    height: int


class Job(ApiModel):
    id: UUID
    status: str
    outputs: tuple[JobOutput, ...]
    analysis: dict[str, Any] | None = None
    error: JobError | None

    @property
    def has_ended(self) -> bool:
        return self.status in FINAL_STATUSES
