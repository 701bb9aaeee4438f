"""Protocol between the sandbox and its image processes: JSON messages in length-prefixed frames.

An image process decodes untrusted files, so its replies are untrusted too: a frame is bounded, a
message is validated field by field, and it can neither choose a file nor carry code. What a valid
reply says is checked in `reply_validation.py`.
"""

import traceback
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

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
from imagemill.imaging.result import FormatSupport, Rendered
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.spec.field_types import MAX_SIDE
from imagemill.imaging.spec.pipeline import MAX_OUTPUTS, Pipeline

# A frame is the length of its body, 4 bytes in big-endian order, and the body.
LENGTH_BYTES: Final = 4
MAX_FRAME_BYTES: Final = 256 * 1024

# Characters of an error's message, or of the end of a traceback.
MAX_DETAIL_LENGTH: Final = 10_000

FailureCode = Literal[
    "invalid_image",
    "unsupported_format",
    "too_large",
    "does_not_fit",
    "out_of_memory",
    "scratch_full",
    "bug",
]


class Message(BaseModel):
    """A message. Its strictness holds for the dataclasses inside it too."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RenderRequest(Message):
    """Asks to render a pipeline; answered by RenderReply or Failure. Paths are absolute."""

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


class ProbeRequest(Message):
    """Asks to encode and decode a sample of a format; answered by ProbeReply or Failure."""

    kind: Literal["probe"] = "probe"
    format: InputName


class Ready(Message):
    """Sent once, first: the image process has loaded its libraries and is confined."""

    kind: Literal["ready"] = "ready"
    level: ConfinementLevel


def _check_bounds(rendered: Rendered) -> Rendered:
    if not 1 <= len(rendered.outputs) <= MAX_OUTPUTS:
        raise ValueError(f"{len(rendered.outputs)} outputs")
    if any(max(output.width, output.height) > MAX_SIDE for output in rendered.outputs):
        raise ValueError(f"an output with a side of more than {MAX_SIDE} pixels")
    return rendered


class RenderReply(Message):
    # Also where it is made, so that a bug of the engine's is reported there with its traceback.
    model_config = ConfigDict(revalidate_instances="always")

    kind: Literal["rendered"] = "rendered"
    rendered: Annotated[Rendered, AfterValidator(_check_bounds)]


class ProbeReply(Message):
    kind: Literal["probed"] = "probed"
    support: FormatSupport


class Failure(Message):
    """An error that the process survived; `detail` is its message, for a bug the traceback."""

    kind: Literal["failure"] = "failure"
    code: FailureCode
    detail: Annotated[str, Field(max_length=MAX_DETAIL_LENGTH)]

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return the message for an error; to be called while it is being handled."""
        for code, kind in ERRORS.items():
            if isinstance(error, kind):
                return cls(code=code, detail=str(error)[:MAX_DETAIL_LENGTH])
        return cls(code="bug", detail=traceback.format_exc()[-MAX_DETAIL_LENGTH:])

    def to_error(self) -> ServiceError:
        return EngineBug(self.detail) if self.code == "bug" else ERRORS[self.code](self.detail)


# Any other error is a bug.
ERRORS: Final[Mapping[FailureCode, type[ServiceError]]] = MappingProxyType(
    {
        "invalid_image": InvalidImage,
        "unsupported_format": UnsupportedFormat,
        "too_large": TooLarge,
        "does_not_fit": DoesNotFit,
        "out_of_memory": OutOfMemory,
        "scratch_full": ScratchFull,
    }
)

Request = Annotated[RenderRequest | ProbeRequest, Field(discriminator="kind")]
Reply = Annotated[Ready | RenderReply | ProbeReply | Failure, Field(discriminator="kind")]

REQUEST: Final[TypeAdapter[Request]] = TypeAdapter(Request)
REPLY: Final[TypeAdapter[Reply]] = TypeAdapter(Reply)


def encode_frame(message: Message) -> bytes:
    """Return the message as a frame."""
    body = message.model_dump_json().encode()
    return len(body).to_bytes(LENGTH_BYTES) + body
