"""What the outputs together ask of the one decode, known from the header alone."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from imagemill.imaging.errors import TooLarge
from imagemill.imaging.formats import AVIF, FORMATS, WEBP, Format
from imagemill.imaging.geometry import Placement, Size, padded, place, rotated
from imagemill.imaging.header import UPRIGHT, Header
from imagemill.imaging.measures import STRATEGIES
from imagemill.imaging.pipeline import Output, Pipeline
from imagemill.imaging.rendered import Limits

# Their decoders have no first line before they have the last one.
WHOLE: Final = frozenset({WEBP, AVIF})


@dataclass(frozen=True, slots=True)
class Demand:
    """`excess`, from 1: by how much the input is larger than its largest output needs it.

    `hold`: the picture must be held in memory, since it is read more than once, or not from top
    to bottom, or not down to its last line, where a truncated file would pass as whole. A WebP
    or AVIF comes out of its decoder whole anyway; held, the decoder's own buffers go before
    encoding.
    """

    excess: float
    hold: bool


def demand(header: Header, pipeline: Pipeline, limits: Limits) -> Demand:
    """Return what to decode for this pipeline. Raises TooLarge for an output that cannot be."""
    excesses = []
    hold = len(pipeline.outputs) > 1 or header.format in WHOLE
    for output in pipeline.outputs:
        size = _turned(header, output)
        placement = place(size, output)
        _check(padded(placement.box, output), output, header, limits)
        # A decoder averages numbers, not light, so `gamma` wants every pixel.
        excesses.append(Fraction(1) if output.gamma else _excess(size, placement.scaled))
        hold = (
            hold
            or _is_cut_short(placement)
            or (output.auto_orient and header.orientation != UPRIGHT)
            or output.rotate % 360 != 0
            or output.flip
            or output.position in STRATEGIES
            or output.normalize
            or output.blur is not None
            or output.sharpen is not None
        )
    return Demand(excess=max(1.0, float(min(excesses))), hold=hold)


def format_for(output: Output, header: Header) -> Format:
    return FORMATS[output.format] if output.format else header.format


def _turned(header: Header, output: Output) -> Size:
    return rotated(header.upright if output.auto_orient else header.stored, output.rotate)


def _check(box: Size, output: Output, header: Header, limits: Limits) -> None:
    format_ = format_for(output, header)
    if max(box.width, box.height) > format_.max_side:
        raise TooLarge(
            f"Output {output.name} would be {box}; {format_.name} allows {format_.max_side} a side."
        )
    if box.pixels > limits.max_pixels:
        raise TooLarge(
            f"Output {output.name} would be {box}, which is {box.pixels} pixels;"
            f" {limits.max_pixels} are the most."
        )


def _excess(size: Size, scaled: Size) -> Fraction:
    return min(Fraction(size.width, scaled.width), Fraction(size.height, scaled.height))


def _is_cut_short(placement: Placement) -> bool:
    return placement.box.height < placement.scaled.height
