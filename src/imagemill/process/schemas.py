"""What a server answers, as far as it matters here. What is not named here may be anything."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from imagemill.jobs.job import ENDED

ENDINGS: Final = frozenset(map(str, ENDED))


class ApiModel(BaseModel):
    model_config = ConfigDict(frozen=True)


class FieldFault(ApiModel):
    """What is wrong with one field; the pointer is a JSON Pointer (RFC 6901)."""

    pointer: str
    detail: str


class Problem(ApiModel):
    """Problem details (RFC 9457)."""

    type: str
    detail: str
    errors: tuple[FieldFault, ...] = ()

    @property
    def code(self) -> str:
        """The slug of its type, written as the codes of failed jobs are."""
        return self.type.rpartition("/")[2].replace("-", "_")


class Presets(ApiModel):
    presets: dict[str, Any]


class JobError(ApiModel):
    code: str
    detail: str


class JobOutput(ApiModel):
    # It becomes part of a path here, so it is believed no more than that.
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
        return self.status in ENDINGS
