"""Offsets of a picture in its box, or of a crop in the picture. Pure."""

from math import floor
from typing import Final

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.spec.plain import Focus

# In halves of the room that is left.
BEGINNING: Final = 0
MIDDLE: Final = 1
END: Final = 2


def align(inner: Size, outer: Size, position: str) -> tuple[int, int]:
    """Return left and top of the smaller size in the larger, by a position such as `right top`."""
    words = position.split()
    across = BEGINNING if "left" in words else END if "right" in words else MIDDLE
    down = BEGINNING if "top" in words else END if "bottom" in words else MIDDLE
    return (outer.width - inner.width) * across // 2, (outer.height - inner.height) * down // 2


def find_cut(cut: Size, picture: Size, position: str | Focus) -> tuple[int, int]:
    """Return left and top of the part of this size that a position of the pipeline keeps."""
    if isinstance(position, str):
        return align(cut, picture, position)
    return center_on(cut, picture, position)


def center_on(cut: Size, picture: Size, focus: Focus) -> tuple[int, int]:
    """Return left and top of the crop centred on the focus, moved to lie inside the picture."""
    return (
        _center_on(cut.width, picture.width, focus.x),
        _center_on(cut.height, picture.height, focus.y),
    )


def _center_on(cut: int, length: int, focus: float) -> int:
    return max(0, min(length - cut, floor(focus * length - cut / 2 + 0.5)))
