"""What a picture is laid on where it does not reach: its background, which may be transparent."""

from collections.abc import Sequence

from imagemill.imaging.color.lab import color_to_lab, from_lab
from imagemill.imaging.color.levels import max_level
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.formats import Format
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.field_types import OPAQUE, HexColor, parse_color
from imagemill.imaging.spec.pipeline import Output


def prepare_background(image: Image, background: HexColor) -> tuple[Image, Sequence[float]]:
    """Return the picture, with alpha if the background needs it, and the background's bands."""
    opacity = parse_color(background)[3]
    if opacity < OPAQUE and not image.hasalpha():
        image = image.bandjoin(max_level(image))
    colour = convert_color(background, image)
    return image, [*colour, opacity * max_level(image) / OPAQUE] if image.hasalpha() else colour


def place_on_canvas(background: HexColor, image: Image, left: int, top: int, size: Size) -> Image:
    """Return a canvas of the size with the picture on it, at `left` and `top`."""
    image, colour = prepare_background(image, background)
    return image.embed(left, top, size.width, size.height, extend="background", background=colour)


def convert_color(colour: HexColor, like: Image) -> Sequence[float]:
    """Return a colour, which is given in sRGB, in the space of a picture, without alpha."""
    levels: Sequence[float] = from_lab(color_to_lab(colour, like), like)(0, 0)
    return levels


def flatten(image: Image, output: Output, format_: Format) -> Image:
    """Return the picture on its background where the format has no transparency."""
    if format_.has_alpha or not image.hasalpha():
        return image
    return image.flatten(background=convert_color(output.background, image[: image.bands - 1]))
