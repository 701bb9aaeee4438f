"""Results of the engine: what was rendered, and which formats work."""

from dataclasses import dataclass

from imagemill.image_files import InputImage, OutputFile
from imagemill.imaging.spec.analysis import Analysis


@dataclass(frozen=True, slots=True)
class Rendered:
    """The outputs are in the order of the pipeline; `analysis` is None when none was asked for."""

    input: InputImage
    outputs: tuple[OutputFile, ...]
    analysis: Analysis | None


@dataclass(frozen=True, slots=True)
class FormatSupport:
    """Whether a sample of a format could be encoded and decoded here."""

    encodes: bool
    decodes: bool
