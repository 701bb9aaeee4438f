"""What a picture is laid on where it does not reach: its background, which may be transparent."""

from collections.abc import Sequence

from imagemill.imaging.color.lab import from_lab, lab_of
from imagemill.imaging.color.levels import highest
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.formats import Format
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.field_types import OPAQUE, HexColour, parse_colour
from imagemill.imaging.spec.pipeline import Output


def ready_for(image: Image, background: HexColour) -> tuple[Image, Sequence[float]]:
    """Return the picture, with alpha if the background needs it, and the background's bands."""
    opacity = parse_colour(background)[3]
    if opacity < OPAQUE and not image.hasalpha():
        image = image.bandjoin(highest(image))
    colour = paint(background, image)
    return image, [*colour, opacity * highest(image) / OPAQUE] if image.hasalpha() else colour


def place_on(background: HexColour, image: Image, left: int, top: int, size: Size) -> Image:
    """Return a canvas of the size with the picture on it, at `left` and `top`."""
    image, colour = ready_for(image, background)
    return image.embed(left, top, size.width, size.height, extend="background", background=colour)


def paint(colour: HexColour, like: Image) -> Sequence[float]:
    """Return a colour, which is given in sRGB, in the space of a picture, without alpha."""
    levels: Sequence[float] = from_lab(lab_of(colour, like), like)(0, 0)
    return levels


def flatten(image: Image, output: Output, format_: Format) -> Image:
    """Return the picture on its background where the format has no transparency."""
    if format_.has_alpha or not image.hasalpha():
        return image
    return image.flatten(background=paint(output.background, image[: image.bands - 1]))
