"""Sizes: how a picture is scaled, cropped, padded and rotated. Pure; rounding as in sharp."""

from dataclasses import dataclass
from math import cos, floor, radians, sin
from typing import Final

from imagemill.imaging.errors import DoesNotFit, TooLarge
from imagemill.imaging.spec.bounds import MAX_SIDE
from imagemill.imaging.spec.plain import Output

# Only an extremely long picture that covers a large box reaches it.
MAX_SCALED_SIDE: Final = 10_000_000

# A ratio as two integers, so that rounding is exact.
Scale = tuple[int, int]
WHOLE: Final[Scale] = (1, 1)


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
    top, right, bottom, left = pad_edges(output)
    size = Size(size.width + left + right, size.height + top + bottom)
    _check_sides(size, output)
    return size


def pad_edges(output: Output) -> tuple[int, int, int, int]:
    """Return what `pad` adds at top, right, bottom and left; a length is four equal edges."""
    pad = output.pad
    if isinstance(pad, int):
        return pad, pad, pad, pad
    return pad.top, pad.right, pad.bottom, pad.left


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
        across = down = _cap(_larger(across, down), output)
    else:
        across = down = _cap(_smaller(across, down), output)
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


def _compute_scales(size: Size, output: Output) -> tuple[Scale, Scale]:
    """Return the factors for width and height; a side that is not given keeps the ratio."""
    across = (output.width, size.width) if output.width is not None else None
    down = (output.height, size.height) if output.height is not None else None
    return across or down or WHOLE, down or across or WHOLE


def _cap(scale: Scale, output: Output) -> Scale:
    return scale if output.enlarge else _smaller(scale, WHOLE)


def _smaller(one: Scale, other: Scale) -> Scale:
    return one if one[0] * other[1] <= other[0] * one[1] else other


def _larger(one: Scale, other: Scale) -> Scale:
    return other if _smaller(one, other) is one else one


def _scale(size: Size, across: Scale, down: Scale) -> Size:
    return Size(_scale_side(size.width, across), _scale_side(size.height, down))


def _scale_side(length: int, scale: Scale) -> int:
    """Round half up, as sharp does; Python's own `round` would go to the even number."""
    above, below = scale
    return max(1, (2 * length * above + below) // (2 * below))
