"""What worker and child say to each other: JSON messages, each in a frame with its length.

The child decodes what strangers send, so the worker trusts nothing it says: a frame is bounded, a
message is checked field by field, and it can name no file and carry no code.
"""

import traceback
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from imagemill.errors import ServiceError
from imagemill.imaging.errors import (
    DoesNotFit,
    EngineBug,
    InvalidImage,
    OutOfMemory,
    ScratchFull,
    TooLarge,
    UnsupportedFormat,
)
from imagemill.imaging.formats import InputName
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.spec.analysis import Analysis
from imagemill.imaging.spec.field_types import MAX_SIDE
from imagemill.imaging.spec.pipeline import MAX_OUTPUTS, Pipeline

# A frame is its length, 4 bytes with the highest first, and then so many bytes.
LENGTH_BYTES: Final = 4
MAX_FRAME: Final = 256 * 1024

# Characters of a failure's sentence, or of a traceback's end.
MAX_DETAIL: Final = 10_000


Failure = Literal[
    "invalid_image",
    "unsupported_format",
    "too_large",
    "does_not_fit",
    "out_of_memory",
    "scratch_full",
    "bug",
]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Render(Message):
    """Asks for a pipeline. Paths are absolute; the answer is Done or Failed."""

    kind: Literal["render"] = "render"
    input_file: str
    folder: str
    pipeline: Pipeline
    limits: Limits

    @classmethod
    def of(cls, input_file: Path, folder: Path, pipeline: Pipeline, limits: Limits) -> Self:
        return cls(
            input_file=str(input_file.absolute()),
            folder=str(folder.absolute()),
            pipeline=pipeline,
            limits=limits,
        )


class Probe(Message):
    """Asks to encode and decode a sample of a format. The answer is Proved or Failed."""

    kind: Literal["prove"] = "prove"
    format: InputName


class Ready(Message):
    """What a child says first: its libraries are loaded and it is confined, this far."""

    kind: Literal["ready"] = "ready"
    level: ConfinementLevel


class FormatSupport(Message):
    kind: Literal["proved"] = "proved"
    encodes: bool
    decodes: bool


class Written(Message):
    """An output; where it lies follows from its name and its media type."""

    name: str
    media_type: str
    bytes: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    height: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    frames: Annotated[int, Field(ge=1)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Done(Message):
    kind: Literal["done"] = "done"
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    frames: Annotated[int, Field(ge=1)]
    outputs: Annotated[tuple[Written, ...], Field(min_length=1, max_length=MAX_OUTPUTS)]
    analysis: Analysis | None


class Failed(Message):
    """A failure that the child lived to tell; `detail` is a sentence, for a bug the traceback."""

    kind: Literal["failed"] = "failed"
    failure: Failure
    detail: Annotated[str, Field(max_length=MAX_DETAIL)]


Request = Annotated[Render | Probe, Field(discriminator="kind")]
Reply = Annotated[Ready | FormatSupport | Done | Failed, Field(discriminator="kind")]

REQUEST: Final[TypeAdapter[Request]] = TypeAdapter(Request)
REPLY: Final[TypeAdapter[Reply]] = TypeAdapter(Reply)


def encode_frame(message: Message) -> bytes:
    """Return the message as a frame."""
    body = message.model_dump_json().encode()
    return len(body).to_bytes(LENGTH_BYTES) + body


# The failures a child lives to tell; a bug is told by its traceback.
TELLABLE: Final[Mapping[Failure, type[ServiceError]]] = MappingProxyType(
    {
        "invalid_image": InvalidImage,
        "unsupported_format": UnsupportedFormat,
        "too_large": TooLarge,
        "does_not_fit": DoesNotFit,
        "out_of_memory": OutOfMemory,
        "scratch_full": ScratchFull,
    }
)


def to_failed(error: Exception) -> Failed:
    """Return the message that tells of the error; called where it is being handled."""
    for failure, kind in TELLABLE.items():
        if isinstance(error, kind):
            return Failed(failure=failure, detail=str(error)[:MAX_DETAIL])
    return Failed(failure="bug", detail=traceback.format_exc()[-MAX_DETAIL:])


def to_error(failed: Failed) -> ServiceError:
    """Return the error that the message tells of."""
    if failed.failure == "bug":
        return EngineBug(failed.detail)
    return TELLABLE[failed.failure](failed.detail)
