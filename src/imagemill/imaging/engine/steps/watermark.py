"""Step `watermark`: composites a text or an image onto the finished picture."""

from functools import partial
from math import floor
from pathlib import Path

from imagemill.imaging.color.alpha import composite
from imagemill.imaging.color.gray import admit_colors
from imagemill.imaging.color.lab import convert_to_space_of
from imagemill.imaging.color.levels import get_max_level
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.engine.position import align
from imagemill.imaging.engine.watermarks.logo import open_logo
from imagemill.imaging.engine.watermarks.text_image import draw_text
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.fonts import find_fonts
from imagemill.imaging.spec.hex_color import OPAQUE, parse_color
from imagemill.imaging.spec.plain import Output, Watermark


def apply(picture: Picture, output: Output) -> Picture:
    watermark = output.watermark
    if watermark is None:
        return picture
    size = picture.size
    left, top = (
        _limit_margin(watermark.margin, size.width),
        _limit_margin(watermark.margin, size.height),
    )
    room = Size(size.width - 2 * left, size.height - 2 * top)
    mark = _make_mark(watermark, watermark.scale * size.width, room, picture.assets)
    across, down = align(Size(mark.width, mark.height), room, watermark.position)
    space = output.color_space if _has_color(mark) else "keep"
    return picture.map_frames(
        lambda image: _lay_on(admit_colors(image, space), mark, left + across, top + down),
        mixes=True,
    )


def _has_color(mark: Image) -> bool:
    red, green, blue = mark[0], mark[1], mark[2]
    return bool((red - green).abs().max() or (red - blue).abs().max())


def _limit_margin(asked: int, side: int) -> int:
    """Return the margin in pixels, limited so that two of it leave a pixel of the side."""
    return min(asked, (side - 1) // 2)


def _make_mark(watermark: Watermark, width: float, room: Size, assets: Path | None) -> Image:
    fit = partial(_fit, width=width, room=room)
    if watermark.image is not None:
        mark = open_logo(assets, watermark.image, fit)
        return _fade(mark[:3], mark[3], watermark.opacity)
    letters = draw_text(watermark.text or "", fit, find_fonts(assets))
    *ink, alpha = parse_color(watermark.color)
    return _fade(letters.new_from_image(ink), letters, watermark.opacity * alpha / OPAQUE)


def _fit(mark: Size, width: float, room: Size) -> Size:
    """Return the size of a mark of this width, made smaller where there is no room for it."""
    scale = min(width / mark.width, room.width / mark.width, room.height / mark.height)
    return Size(
        max(1, min(room.width, floor(mark.width * scale + 0.5))),
        max(1, min(room.height, floor(mark.height * scale + 0.5))),
    )


def _fade(colors: Image, alpha: Image, opacity: float) -> Image:
    faded = (alpha * opacity).rint().cast("uchar")
    # Compositing reads it more than once.
    return colors.bandjoin(faded).copy(interpretation="srgb").copy_memory()


def _lay_on(image: Image, mark: Image, left: int, top: int) -> Image:
    below = image.crop(left, top, mark.width, mark.height)
    below = below if below.hasalpha() else below.bandjoin(get_max_level(below))
    mixed = composite(convert_to_space_of(below[: below.bands - 1], mark), below)
    return image.insert(mixed[: image.bands], left, top)
