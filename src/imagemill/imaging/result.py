"""Results of the engine: what was written, and which formats work."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagemill.image_files import InputImage
from imagemill.imaging.formats import Format

if TYPE_CHECKING:  # image processes do without: it takes time to load
    from imagemill.imaging.spec.analysis import Analysis


@dataclass(frozen=True, slots=True)
class WrittenOutput:
    """An output that was encoded and verified; width and height are in pixels.

    `content` is None when it is in its file, since it is too large.
    """

    name: str
    format: Format
    content: bytes | None
    bytes: int
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class Written:
    """The outputs are in the order of the pipeline; `analysis` is None when none was asked for."""

    input: InputImage
    outputs: tuple[WrittenOutput, ...]
    analysis: "Analysis | None"


@dataclass(frozen=True, slots=True)
class FormatSupport:
    """Whether a sample of a format could be encoded and decoded here."""

    encodes: bool
    decodes: bool
