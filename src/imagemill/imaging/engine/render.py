"""Rendering of a pipeline: one input, one decode, all outputs. Runs in an image process."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from imagemill.image_files import InputImage
from imagemill.imaging.engine.analysis.analyze import analyze
from imagemill.imaging.engine.animation import join_frames
from imagemill.imaging.engine.decode import decode
from imagemill.imaging.engine.decode_plan import (
    check_size,
    choose_format,
    count_frames,
    plan_decode,
)
from imagemill.imaging.engine.decoders import check_whole
from imagemill.imaging.engine.encode import write
from imagemill.imaging.engine.gain_map import GainMap, read_gain_map
from imagemill.imaging.engine.header import Header, check_limits, open_image
from imagemill.imaging.engine.libvips_errors import translate_decode_errors, translate_encode_errors
from imagemill.imaging.engine.output_groups import group_by_unscaled_picture, scale_outputs
from imagemill.imaging.engine.picture import Picture, Step
from imagemill.imaging.engine.small_jpeg.render import render_small_jpeg
from imagemill.imaging.engine.steps import (
    auto_orient,
    blur,
    box,
    color_space,
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
    tint,
    trim,
    watermark,
)
from imagemill.imaging.engine.verify import ExpectedOutput, verify_output
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import JPEG
from imagemill.imaging.libvips import Image, clear_warnings
from imagemill.imaging.limits import Limits
from imagemill.imaging.metadata.write_density import set_density
from imagemill.imaging.result import Written
from imagemill.imaging.spec.plain import Output, Pipeline

STEPS: Final[tuple[Step, ...]] = (
    auto_orient,
    rotate,
    flip,
    flop,
    crop,
    trim,
    resize,
    color_space,
    box,
    blur,
    sharpen,
    grayscale,
    normalize,
    modulate,
    tint,
    negate,
    pad,
    watermark,
)

STEPS_BEFORE_SCALING: Final = STEPS[: STEPS.index(resize)]
STEPS_AFTER_SCALING: Final = STEPS[STEPS.index(resize) + 1 :]


def render(data: Data, files: Sequence[int], pipeline: Pipeline, limits: Limits) -> Written:
    """Make every output of the pipeline, in their order.

    Large ones are in `files`: the descriptors of empty files, one for each output.
    `data` is the input's, and has to stay unchanged until this returns.
    Raises InvalidImage, UnsupportedFormat, TooLarge, DoesNotFit, OutOfMemory or ScratchFull.
    """
    clear_warnings()  # of the last picture
    small = render_small_jpeg(data, files, pipeline, limits)
    return render_with_libvips(data, files, pipeline, limits) if small is None else small


def render_with_libvips(
    data: Data, files: Sequence[int], pipeline: Pipeline, limits: Limits
) -> Written:
    """Do what `render` does, in the way that every picture and every pipeline can be done."""
    clear_warnings()
    header, opened = open_image(data)
    check_limits(header, limits)
    plan = plan_decode(header, pipeline, limits)
    first, *later = decode(data, header, opened, plan)
    picture = Picture(
        first,
        header.stored,
        is_in_memory=plan.hold_in_memory,
        later=tuple(later),
        assets=limits.assets,
    )
    gain_map = _read_gain_map(data, header, first, pipeline)
    targets = {output.name: file for output, file in zip(pipeline.outputs, files, strict=True)}
    written: dict[str, tuple[Data, ExpectedOutput]] = {}
    for group in group_by_unscaled_picture(pipeline.outputs):
        written |= _render_group(picture, gain_map, group, header, targets, limits)
    if not picture.is_in_memory:
        check_whole(picture.first, header.stored.height, data)
    return Written(
        input=InputImage(header.upright.width, header.upright.height, header.frames),
        outputs=tuple(verify_output(*written[output.name]) for output in pipeline.outputs),
        analysis=analyze(header, opened, picture.first, pipeline.analyze),
    )


def _read_gain_map(
    data: Data, header: Header, decoded: Image, pipeline: Pipeline
) -> GainMap | None:
    is_wanted = any(output.keep_gain_map for output in pipeline.outputs)
    if not is_wanted or header.format is not JPEG:
        return None
    return read_gain_map(data, header.stored, decoded)


def _render_group(
    picture: Picture,
    gain_map: GainMap | None,
    outputs: Sequence[Output],
    header: Header,
    targets: Mapping[str, int],
    limits: Limits,
) -> dict[str, tuple[Data, ExpectedOutput]]:
    """Write outputs that are one picture until they are scaled; return what each is and must be."""
    written = {}
    # A picture that is not in memory is read only now, while its output is written.
    with translate_encode_errors() if picture.is_in_memory else translate_decode_errors():
        unscaled, unscaled_map = _apply_steps(STEPS_BEFORE_SCALING, picture, outputs[0], gain_map)
        for output, scaled in scale_outputs(unscaled, outputs):
            kept_map = unscaled_map if output.keep_gain_map else None
            if kept_map is not None:
                kept_map = kept_map.apply(resize, unscaled, output)
            later = scaled.later[: count_frames(output, header) - 1]
            finished, kept_map = _apply_steps(
                STEPS_AFTER_SCALING, replace(scaled, later=later), output, kept_map
            )
            check_size(finished.size, output, header, limits)
            written[output.name] = _write_output(
                finished, kept_map, output, header, targets[output.name]
            )
    return written


def _write_output(
    picture: Picture, gain_map: GainMap | None, output: Output, header: Header, file: int
) -> tuple[Data, ExpectedOutput]:
    format_ = choose_format(output, header)
    timing = header.timing.round_to(format_)
    keeps_all = output.keep_metadata == "all"
    image = set_density(join_frames(picture, timing), header.density if keeps_all else None)
    had_few_colors = header.has_few_colors and not picture.is_mixed
    data = write(image, file, output, format_, gain_map, had_few_colors=had_few_colors)
    return data, ExpectedOutput(
        output.name,
        format_,
        picture.size,
        picture.frames,
        timing,
        may_have_position=keeps_all,
        has_gain_map=gain_map is not None,
    )


def _apply_steps(
    steps: Sequence[Step], picture: Picture, output: Output, gain_map: GainMap | None
) -> tuple[Picture, GainMap | None]:
    for step in steps:
        if gain_map is not None:
            gain_map = gain_map.apply(step, picture, output)
        picture = step.apply(picture, output)
    return picture, gain_map
