"""Renders a pipeline: one file in, its outputs out, from one decode. Runs in a child process."""

from pathlib import Path
from typing import Final

from imagemill.imaging.analysis.analyze import analyze
from imagemill.imaging.decode import decode
from imagemill.imaging.demand import check_size, demand, format_for
from imagemill.imaging.encode import write
from imagemill.imaging.failures import decoding, encoding
from imagemill.imaging.formats import Format
from imagemill.imaging.header import check, read_header
from imagemill.imaging.libvips import forget_warnings
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output, Pipeline
from imagemill.imaging.rendered import Limits, Rendered, RenderedOutput
from imagemill.imaging.steps import (
    auto_orient,
    blur,
    box,
    crop,
    flip,
    flop,
    grayscale,
    modulate,
    negate,
    normalize,
    pad,
    resize,
    rotate,
    sharpen,
    srgb,
    tint,
    trim,
)
from imagemill.imaging.verify import verified

STEPS: Final = (
    auto_orient,
    rotate,
    flip,
    flop,
    crop,
    trim,
    resize,
    srgb,
    box,
    blur,
    sharpen,
    grayscale,
    normalize,
    modulate,
    tint,
    negate,
    pad,
)


def render(input_file: Path, folder: Path, pipeline: Pipeline, limits: Limits) -> Rendered:
    """Make every output of the pipeline in the folder, where `Format.file` says.

    Raises InvalidImage, UnsupportedFormat, TooLarge, DoesNotFit, OutOfMemory or ScratchFull.
    """
    forget_warnings()
    header = read_header(input_file)
    check(header, limits)
    needed = demand(header, pipeline, limits)
    picture = Picture(decode(input_file, header, needed), header.stored, is_held=needed.hold)
    return Rendered(
        width=header.upright.width,
        height=header.upright.height,
        frames=header.frames,
        outputs=tuple(
            _make(picture, output, format_for(output, header), folder, limits)
            for output in pipeline.outputs
        ),
        analysis=analyze(input_file, header, picture.image, pipeline.analyze),
    )


def apply_steps(picture: Picture, output: Output) -> Picture:
    """Apply every step the output asks for, in the order of STEPS."""
    for step in STEPS:
        picture = step.apply(picture, output)
    return picture


def _make(
    picture: Picture, output: Output, format_: Format, folder: Path, limits: Limits
) -> RenderedOutput:
    file = format_.file(folder, output.name)
    # A picture that is not held is read only now, while its output is written.
    with encoding() if picture.is_held else decoding():
        finished = apply_steps(picture, output)
        check_size(finished.size, output, format_, limits)
        write(finished.image, file, output, format_)
    return verified(file, output.name, format_, finished.size)
