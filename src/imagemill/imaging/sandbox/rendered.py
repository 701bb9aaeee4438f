"""What the sandbox returns: checked facts of a render, and the contents of its outputs."""

from dataclasses import dataclass

from imagemill.image_files import InputImage, OutputFile
from imagemill.imaging.spec.analysis import Analysis

# The bytes of a small output, or the descriptor of a file without a name.
Content = bytes | int


@dataclass(frozen=True, slots=True)
class Rendered:
    """The outputs and their contents, in the order of the pipeline.

    `analysis` is None when none was asked for.
    """

    input: InputImage
    outputs: tuple[OutputFile, ...]
    contents: tuple[Content, ...]
    analysis: Analysis | None
