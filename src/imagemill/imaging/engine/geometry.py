"""Sizes: how a picture is scaled, cropped, padded and rotated. Pure; rounding as in sharp."""

from dataclasses import dataclass
from fractions import Fraction
from math import cos, floor, radians, sin
from typing import Final

from imagemill.imaging.errors import DoesNotFit, TooLarge
from imagemill.imaging.spec.field_types import MAX_SIDE, Edges
from imagemill.imaging.spec.pipeline import Output

# Only an extremely long picture that covers a large box reaches it.
MAX_SCALED_SIDE: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, from 1."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height

    def transpose(self) -> "Size":
        """Return the size of the picture after a quarter turn."""
        return Size(self.height, self.width)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Placement:
    """The size to scale a picture to, and the `box` to crop it to or to fill with background."""

    scaled: Size
    box: Size


def place(size: Size, output: Output) -> Placement:
    """Return how a picture of this size becomes the output.

    Raises TooLarge when a side of the output would be longer than MAX_SIDE, or a side of the scaled
    picture longer than MAX_SCALED_SIDE.
    """
    placement = _place(size, output)
    _check_sides(placement.box, output)
    if max(placement.scaled.width, placement.scaled.height) > MAX_SCALED_SIDE:
        raise TooLarge(
            f"Output {output.name} would be scaled to {placement.scaled} before it is cropped;"
            f" the limit is {MAX_SCALED_SIDE} pixels a side."
        )
    return placement


def crop_size(size: Size, output: Output) -> Size:
    """Return the size after `crop`. Raises DoesNotFit when it reaches beyond the picture."""
    area = output.crop
    if area is None:
        return size
    left = Size(area.width, area.height)
    if area.left + area.width > size.width or area.top + area.height > size.height:
        raise DoesNotFit(
            f"Output {output.name}: crop of {left} at {area.left},{area.top}"
            f" leaves an image of {size}."
        )
    return left


def pad_size(size: Size, output: Output) -> Size:
    """Return the size after `pad`. Raises TooLarge when a side would be longer than MAX_SIDE."""
    edges = Edges.of(output.pad)
    size = Size(size.width + edges.left + edges.right, size.height + edges.top + edges.bottom)
    _check_sides(size, output)
    return size


def rotate_size(size: Size, degrees: float) -> Size:
    """Return the size of the canvas that holds the picture turned clockwise by so many degrees."""
    if degrees % 90 == 0:
        return size.transpose() if degrees % 180 else size
    cosine, sine = abs(cos(radians(degrees))), abs(sin(radians(degrees)))
    return Size(
        floor(size.width * cosine + size.height * sine + 0.5) or 1,
        floor(size.width * sine + size.height * cosine + 0.5) or 1,
    )


def _check_sides(size: Size, output: Output) -> None:
    if max(size.width, size.height) > MAX_SIDE:
        raise TooLarge(
            f"Output {output.name} would be {size}; the limit is {MAX_SIDE} pixels a side."
        )


def _place(size: Size, output: Output) -> Placement:
    if output.width is None and output.height is None:
        return Placement(size, size)
    across, down = _compute_scales(size, output)
    box = _scale(size, across, down)
    if output.fit == "fill":
        across, down = _cap(across, output), _cap(down, output)
    elif output.fit in {"cover", "outside"}:
        across = down = _cap(max(across, down), output)
    else:
        across = down = _cap(min(across, down), output)
    scaled = _scale(size, across, down)
    match output.fit:
        case "contain":
            return Placement(scaled, box)
        case "cover":
            return Placement(
                scaled, Size(min(box.width, scaled.width), min(box.height, scaled.height))
            )
        case _:
            return Placement(scaled, scaled)


def _compute_scales(size: Size, output: Output) -> tuple[Fraction, Fraction]:
    """Return the factors for width and height; a side that is not given keeps the ratio."""
    across = Fraction(output.width, size.width) if output.width is not None else None
    down = Fraction(output.height, size.height) if output.height is not None else None
    return across or down or Fraction(1), down or across or Fraction(1)


def _cap(scale: Fraction, output: Output) -> Fraction:
    return scale if output.enlarge else min(scale, Fraction(1))


def _scale(size: Size, across: Fraction, down: Fraction) -> Size:
    return Size(_round_half_up(size.width * across), _round_half_up(size.height * down))


def _round_half_up(length: Fraction) -> int:
    """Round half up, as sharp does; Python's own `round` would go to the even number."""
    return max(1, floor(length + Fraction(1, 2)))
