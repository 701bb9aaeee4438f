"""The plan of the one decode, from the header and what all outputs together need."""

from dataclasses import dataclass
from typing import Final

from imagemill.imaging.engine.analysis.thumbnail import THUMBNAIL_SIDE
from imagemill.imaging.engine.geometry import (
    Placement,
    Size,
    crop_size,
    pad_size,
    place,
    rotate_size,
)
from imagemill.imaging.engine.header import UPRIGHT, Header
from imagemill.imaging.errors import DoesNotFit, TooLarge
from imagemill.imaging.formats import FORMATS, JPEG, Format, choose_default_format
from imagemill.imaging.limits import Limits
from imagemill.imaging.spec.bounds import METADATA, STRATEGIES
from imagemill.imaging.spec.plain import Output, Pipeline

# How much finer a picture is decoded that a part is cut out of.
CROP_RESERVE: Final = 4
# Pixels of the shorter side that a rotation by other than quarters is computed from, at least.
MIN_SLANTED_SIDE: Final = 64


@dataclass(frozen=True, slots=True)
class DecodePlan:
    """What to decode, and how.

    `max_shrink`, from 1, is the factor by which the input is larger than any output needs. `frames`
    is the number of frames that are needed: all of them, or 1.

    `hold_in_memory`: the picture is read more than once, or not from top to bottom, or not down to
    its last line, where a truncated file would go unnoticed. It holds too where the decoder returns
    the whole picture at once, so that the decoder's buffers are freed before encoding.

    `only_srgb`: every output is in sRGB. `keeps_rights`: an output keeps artist and copyright.
    """

    max_shrink: float
    frames: int
    hold_in_memory: bool
    only_srgb: bool
    keeps_rights: bool


def plan_decode(header: Header, pipeline: Pipeline, limits: Limits) -> DecodePlan:
    """Return what to decode for this pipeline.

    Raises TooLarge for an output beyond a limit; DoesNotFit for a crop beyond the picture, or an
    option that the format, when it is the input's, does not have.
    """
    shrinks = []
    frames = max(count_frames(output, header) for output in pipeline.outputs)
    hold_in_memory = len(pipeline.outputs) > 1 or header.format.decodes_whole or frames > 1
    for output in pipeline.outputs:
        _check_quality(output, choose_format(output, header))
        _check_color_space(output, choose_format(output, header))
        _check_palette(output, choose_format(output, header))
        _check_gain_map(output, choose_format(output, header))
        _check_frames(output, choose_format(output, header), header)
        size = crop_size(orient_size(header, output), output)
        if output.trim is not False:  # its size depends on the pixels
            shrinks.append(1.0)
            hold_in_memory = True
            continue
        placement = place(size, output)
        check_size(pad_size(placement.box, output), output, header, limits)
        shrinks.append(_compute_max_shrink(size, placement.scaled, output, header))
        hold_in_memory = hold_in_memory or _is_read_twice_or_out_of_order(output, header, placement)
    if set(pipeline.analyze) - {METADATA}:
        shrinks.append(max(header.upright.width, header.upright.height) / THUMBNAIL_SIDE)
        hold_in_memory = True
    return DecodePlan(
        max(1.0, min(shrinks)),
        frames=frames,
        hold_in_memory=hold_in_memory,
        only_srgb=all(output.color_space == "srgb" for output in pipeline.outputs),
        keeps_rights=any(o.keep_metadata in {"copyright", "all"} for o in pipeline.outputs),
    )


def choose_format(output: Output, header: Header) -> Format:
    """Return the output's format: the one asked for, else the input's or what stands for it."""
    if output.format:
        return FORMATS[output.format]
    return choose_default_format(header.format, has_alpha=header.has_alpha)


def count_frames(output: Output, header: Header) -> int:
    """Return the number of frames of the output: all of the input's, or 1."""
    can_have_all = choose_format(output, header).has_frames and not header.has_only_first
    takes_all = output.frames != "first" and can_have_all
    return header.frames if takes_all else 1


def orient_size(header: Header, output: Output) -> Size:
    """Return the size once `auto_orient` and `rotate` are done."""
    return rotate_size(header.upright if output.auto_orient else header.stored, output.rotate)


def check_size(box: Size, output: Output, header: Header, limits: Limits) -> None:
    """Raise TooLarge when an output of this size has more pixels or a longer side than allowed."""
    format_, frames = choose_format(output, header), count_frames(output, header)
    if max(box.width, box.height) > format_.max_side:
        raise TooLarge(
            f"Output {output.name} would be {box}; the limit of"
            f" {format_.name} is {format_.max_side} pixels a side."
        )
    if box.pixels * frames > limits.max_pixels:
        of_frames = f" with {frames} frames" if frames > 1 else ""
        raise TooLarge(
            f"Output {output.name} would be {box}{of_frames}, which is {box.pixels * frames}"
            f" pixels; the limit is {limits.max_pixels}."
        )


def _check_quality(output: Output, format_: Format) -> None:
    if output.max_bytes is not None and not format_.has_quality:
        raise DoesNotFit(
            f"Output {output.name} would be {format_.name}, which has no quality that could be"
            f" lowered to reach {output.max_bytes} bytes."
        )


def _check_color_space(output: Output, format_: Format) -> None:
    if output.color_space == "p3" and not format_.has_profile:
        raise DoesNotFit(
            f"Output {output.name} would be {format_.name}, which has no place for the profile"
            " that Display P3 needs."
        )


def _check_frames(output: Output, format_: Format, header: Header) -> None:
    if output.frames != "all" or header.frames == 1:
        return
    if header.has_only_first:
        raise DoesNotFit(
            f"Output {output.name} asks for all {header.frames} frames, and only the first frame of"
            f" an {header.format.name} can be decoded."
        )
    if not format_.has_frames:
        raise DoesNotFit(f"Output {output.name} would be {format_.name}, which holds one frame.")


def _check_palette(output: Output, format_: Format) -> None:
    if output.palette is not None and not format_.allows_palette:
        raise DoesNotFit(
            f"Output {output.name} would be {format_.name}, which has no choice of a palette."
        )


def _check_gain_map(output: Output, format_: Format) -> None:
    if output.keep_gain_map and format_ is not JPEG:
        raise DoesNotFit(
            f"Output {output.name} would be {format_.name}, which has no place for a gain map."
        )


def _compute_max_shrink(size: Size, scaled: Size, output: Output, header: Header) -> float:
    if output.gamma:  # a decoder averages levels, not light
        return 1.0
    shrink = min(size.width / scaled.width, size.height / scaled.height)
    if output.rotate % 90 != 0:  # a narrow picture in a wide canvas must not vanish
        shorter = min(header.stored.width, header.stored.height)
        shrink = min(shrink, shorter / MIN_SLANTED_SIDE)
    # A crop may fall between the pixels of a shrunk picture. With the reserve, that shifts it by at
    # most a sixth of a pixel of the output.
    return shrink / CROP_RESERVE if output.crop else shrink


def _is_read_twice_or_out_of_order(output: Output, header: Header, placement: Placement) -> bool:
    return (
        (output.auto_orient and header.orientation != UPRIGHT)
        or output.rotate % 360 != 0
        or output.flip
        or output.crop is not None
        or placement.box.height < placement.scaled.height
        or output.position in STRATEGIES
        or output.normalize
        or output.blur is not None
        or output.sharpen is not None
        or output.watermark is not None
    )
