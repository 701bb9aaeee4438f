"""What the outputs together ask of the one decode, known from the header alone."""

from dataclasses import dataclass
from fractions import Fraction
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
from imagemill.imaging.formats import FORMATS, HEIC, JPEG, PNG, Format
from imagemill.imaging.limits import Limits
from imagemill.imaging.spec.analysis import METADATA
from imagemill.imaging.spec.field_types import STRATEGIES
from imagemill.imaging.spec.pipeline import Output, Pipeline

CROP_RESERVE: Final = 4
MIN_SLANTED_SIDE: Final = 64


@dataclass(frozen=True, slots=True)
class DecodePlan:
    """`excess`, from 1: by how much the input is larger than its largest output needs it.

    `frames`: so many of the input's are needed, all or the first.

    `hold`: the picture must be held in memory, since it is read more than once, or not from top
    to bottom, or not down to its last line, where a truncated file would pass as whole. A WebP,
    AVIF or HEIC comes out of its decoder whole anyway; held, the decoder's own buffers go before
    encoding.

    `only_srgb`: no output has another colour space. `keeps_rights`: one says whose the picture is.
    """

    excess: float
    frames: int
    hold: bool
    only_srgb: bool
    keeps_rights: bool


def plan_decode(header: Header, pipeline: Pipeline, limits: Limits) -> DecodePlan:
    """Return what to decode for this pipeline.

    Raises TooLarge for an output that cannot be, DoesNotFit for a part that is not there or a file
    that cannot be made smaller.
    """
    excesses = []
    frames = max(count_frames(output, header) for output in pipeline.outputs)
    hold = len(pipeline.outputs) > 1 or header.format.decodes_whole or frames > 1
    for output in pipeline.outputs:
        _check_quality(output, choose_format(output, header))
        _check_color_space(output, choose_format(output, header))
        size = crop_size(_orient(header, output), output)
        if output.trim is not False:  # what it leaves, only the pixels tell
            excesses.append(Fraction(1))
            hold = True
            continue
        placement = place(size, output)
        check_size(pad_size(placement.box, output), output, header, limits)
        excesses.append(_compute_max_shrink(size, placement.scaled, output, header))
        hold = hold or _is_read_twice_or_out_of_order(output, header, placement)
    if set(pipeline.analyze) - {METADATA}:
        excesses.append(Fraction(max(header.upright.width, header.upright.height), THUMBNAIL_SIDE))
        hold = True
    return DecodePlan(
        excess=max(1.0, float(min(excesses))),
        frames=frames,
        hold=hold,
        only_srgb=all(output.color_space == "srgb" for output in pipeline.outputs),
        keeps_rights=any(o.keep_metadata in {"copyright", "all"} for o in pipeline.outputs),
    )


def choose_format(output: Output, header: Header) -> Format:
    """Return the format asked for, else the input's, or what comes nearest to one we only read."""
    if output.format:
        return FORMATS[output.format]
    if header.format is HEIC:
        return PNG if header.has_alpha else JPEG
    return header.format


def count_frames(output: Output, header: Header) -> int:
    """Return how many of the input's frames go into the output: all, or the first."""
    takes_all = output.frames != "first" and choose_format(output, header).has_frames
    return header.frames if takes_all else 1


def _orient(header: Header, output: Output) -> Size:
    return rotate_size(header.upright if output.auto_orient else header.stored, output.rotate)


def check_size(box: Size, output: Output, header: Header, limits: Limits) -> None:
    """Raise TooLarge when an output of this size has more pixels or a longer side than allowed."""
    format_, frames = choose_format(output, header), count_frames(output, header)
    if max(box.width, box.height) > format_.max_side:
        raise TooLarge(
            f"Output {output.name} would be {box}; {format_.name} allows {format_.max_side} a side."
        )
    if box.pixels * frames > limits.max_pixels:
        of_frames = f" with {frames} frames" if frames > 1 else ""
        raise TooLarge(
            f"Output {output.name} would be {box}{of_frames}, which is {box.pixels * frames}"
            f" pixels; {limits.max_pixels} are the most."
        )


def _check_quality(output: Output, format_: Format) -> None:
    if output.max_bytes is not None and not format_.has_quality:
        raise DoesNotFit(
            f"Output {output.name} would be {format_.name}, which has no quality to lower until"
            f" the file is of {output.max_bytes} bytes."
        )


def _check_color_space(output: Output, format_: Format) -> None:
    if output.color_space == "p3" and not format_.has_profile:
        raise DoesNotFit(
            f"Output {output.name} would be {format_.name}, which has no place for the profile"
            " that Display P3 needs."
        )


def _compute_max_shrink(size: Size, scaled: Size, output: Output, header: Header) -> Fraction:
    if output.gamma:  # a decoder averages numbers and not light
        return Fraction(1)
    excess = min(Fraction(size.width, scaled.width), Fraction(size.height, scaled.height))
    if output.rotate % 90 != 0:  # a narrow picture may lie in a wide canvas, and must not vanish
        shorter = min(header.stored.width, header.stored.height)
        excess = min(excess, Fraction(shorter, MIN_SLANTED_SIDE))
    # A cut may fall between pixels that were decoded smaller; when they are finer, that is at most
    # a sixth of a pixel of the output.
    return excess / CROP_RESERVE if output.crop else excess


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
