"""The messages of an image process, each validated field by field before anything is done with it.

A message can neither choose a file nor carry code. What a valid one says is compared to its request
in `reply_validation.py`.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from imagemill.errors import ServiceError
from imagemill.imaging.errors import EngineBug
from imagemill.imaging.formats import FormatName
from imagemill.imaging.result import FormatSupport
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.protocol import ERRORS, MAX_DETAIL_LENGTH, FailureCode
from imagemill.imaging.spec.analysis import Analysis
from imagemill.imaging.spec.bounds import MAX_OUTPUTS, MAX_SIDE

Positive = Annotated[int, Field(ge=1)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]


class Message(BaseModel):
    """A message. Its strictness holds for what is inside it, too."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Ready(Message):
    """Sent once, first: the image process has loaded its libraries and is confined."""

    kind: Literal["ready"]
    level: ConfinementLevel


class InputFacts(Message):
    """The decoded input: upright width and height in pixels, and its number of frames."""

    width: Positive
    height: Positive
    frames: Positive


class OutputFacts(Message):
    """An output as it was written, and its number of bytes."""

    name: str
    format: FormatName
    bytes: Positive
    width: Side
    height: Side
    frames: Positive


class RenderReply(Message):
    """What was rendered; the bytes of small outputs follow it in their order."""

    kind: Literal["rendered"]
    input: InputFacts
    outputs: Annotated[
        tuple[OutputFacts, ...], Field(strict=False, min_length=1, max_length=MAX_OUTPUTS)
    ]
    analysis: Analysis | None


class ProbeReply(Message):
    """What works of a format."""

    kind: Literal["probed"]
    support: FormatSupport


class Failure(Message):
    """An error that the process survived; `detail` is its message, for a bug the traceback."""

    kind: Literal["failure"]
    code: FailureCode
    detail: Annotated[str, Field(max_length=MAX_DETAIL_LENGTH)]

    def to_error(self) -> ServiceError:
        return EngineBug(self.detail) if self.code == "bug" else ERRORS[self.code](self.detail)


Reply = Annotated[Ready | RenderReply | ProbeReply | Failure, Field(discriminator="kind")]

REPLY: Final[TypeAdapter[Reply]] = TypeAdapter(Reply)
