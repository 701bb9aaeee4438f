"""Backgrounds: colours in a picture's space, and canvases of them, which may be transparent."""

from collections.abc import Sequence

from imagemill.imaging.color.gray import admit_color
from imagemill.imaging.color.lab import color_to_lab, from_lab
from imagemill.imaging.color.levels import get_max_level
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.formats import Format
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.hex_color import OPAQUE, parse_color
from imagemill.imaging.spec.plain import Output


def prepare_background(image: Image, output: Output) -> tuple[Image, Sequence[float]]:
    """Return the picture, with alpha and colours if the background has them, and its levels."""
    background = output.background
    image = admit_color(image, background, output.color_space)
    opacity = parse_color(background)[3]
    if opacity < OPAQUE and not image.hasalpha():
        image = image.bandjoin(get_max_level(image))
    color = convert_color(background, image)
    return image, [*color, opacity * get_max_level(image) / OPAQUE] if image.hasalpha() else color


def place_on_canvas(output: Output, image: Image, left: int, top: int, size: Size) -> Image:
    """Return the picture at `left` and `top` of a canvas of this size, in pixels."""
    image, color = prepare_background(image, output)
    return image.embed(left, top, size.width, size.height, extend="background", background=color)


def convert_color(color: str, like: Image) -> Sequence[float]:
    """Return the levels of an sRGB colour in the colour space of a picture, without alpha."""
    levels: Sequence[float] = from_lab(color_to_lab(color, like), like)(0, 0)
    return levels


def flatten(image: Image, output: Output, format_: Format) -> Image:
    """Return the picture on its background, if it has alpha and the format has none."""
    if format_.has_alpha or not image.hasalpha():
        return image
    image = admit_color(image, output.background, output.color_space)
    return image.flatten(background=convert_color(output.background, image[: image.bands - 1]))
