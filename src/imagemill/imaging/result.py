"""What a render gives back."""

from dataclasses import dataclass
from pathlib import Path

from imagemill.imaging.spec.analysis import Analysis


@dataclass(frozen=True, slots=True)
class RenderedOutput:
    """An output that was written and opened again. `sha256` is in hexadecimal."""

    name: str
    file: Path
    media_type: str
    bytes: int
    width: int
    height: int
    frames: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """Size and frames of the upright input, and its outputs in the order of the pipeline.

    `analysis` is None when nothing was to be analyzed.
    """

    width: int
    height: int
    frames: int
    outputs: tuple[RenderedOutput, ...]
    analysis: Analysis | None = None
