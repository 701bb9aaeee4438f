"""Animations that store parts of frames: each part as a file of its own, laid on what was there.

Each part is decoded by the format's usual loader. One canvas is kept, and one more while a part is
shown whose place is to look as before.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from imagemill.imaging.color.alpha import composite
from imagemill.imaging.color.levels import get_max_level
from imagemill.imaging.libvips import Image


class Disposal(Enum):
    """What becomes of a part's place once its time is over."""

    KEEP = auto()
    CLEAR = auto()
    RESTORE = auto()


class Blend(Enum):
    """How a part is laid on what was there.

    It takes its place, transparent pixels and all; or they show it, and are all or nothing (MASK),
    or of any opacity (OVER).
    """

    COVER = auto()
    MASK = auto()
    OVER = auto()


@dataclass(frozen=True, slots=True)
class FramePart:
    """A part of a frame: its place in pixels, and a file of it alone, which `encode` makes."""

    left: int
    top: int
    width: int
    height: int
    disposal: Disposal
    blend: Blend
    encode: Callable[[], bytes]


def leave_holes(parts: Sequence[FramePart], width: int, height: int) -> bool:
    """Return whether opaque parts leave something of a picture of this size transparent."""
    first = parts[0]
    is_whole = (first.left, first.top) == (0, 0) and first.width >= width and first.height >= height
    is_cleared = any(part.disposal is Disposal.CLEAR for part in parts[:-1])
    return not is_whole or is_cleared or first.disposal is Disposal.RESTORE


def compose_frames(
    parts: Iterable[FramePart], width: int, height: int, load: Callable[[bytes], Image]
) -> Iterator[Image]:
    """Yield the frames, whole, with alpha and in memory. Around a first part they are transparent.

    What of a part is outside of the picture is left out.
    """
    canvas: Image | None = None
    for part in parts:
        data = part.encode()
        loaded = load(data)
        blend = part.blend if loaded.hasalpha() else Blend.COVER
        above = _with_alpha(loaded).copy_memory()
        if canvas is None:
            canvas = _clear(above.embed(0, 0, width, height)).copy_memory()
        before, canvas = canvas, _lay_on(canvas, above, part, blend).copy_memory()
        yield canvas
        if part.disposal is Disposal.RESTORE:
            canvas = before
        elif part.disposal is Disposal.CLEAR:
            canvas = canvas.insert(_clear(above), part.left, part.top).copy_memory()


def _lay_on(canvas: Image, above: Image, part: FramePart, blend: Blend) -> Image:
    if part.left >= canvas.width or part.top >= canvas.height:
        return canvas
    width = min(above.width, canvas.width - part.left)
    height = min(above.height, canvas.height - part.top)
    visible = above.crop(0, 0, width, height)
    if blend is not Blend.COVER:
        below = canvas.crop(part.left, part.top, width, height)
        if blend is Blend.OVER:
            visible = composite(visible, below)
        else:
            visible = (visible[visible.bands - 1] == 0).ifthenelse(below, visible)
    return canvas.insert(visible, part.left, part.top)


def _with_alpha(image: Image) -> Image:
    return image if image.hasalpha() else image.bandjoin(get_max_level(image))


def _clear(image: Image) -> Image:
    return (image & 0).copy(interpretation=image.interpretation)
