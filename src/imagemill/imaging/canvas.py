"""What a picture is laid on where it does not reach: its background, which may be transparent."""

from collections.abc import Sequence

from imagemill.imaging.geometry import Size
from imagemill.imaging.libvips import Image
from imagemill.imaging.measures import OPAQUE, HexColour, parse_colour


def ready_for(image: Image, background: HexColour) -> tuple[Image, Sequence[int]]:
    """Return the picture, with alpha if the background needs it, and the background's bands."""
    colour = parse_colour(background)
    if colour[3] < OPAQUE and not image.hasalpha():
        image = image.addalpha()
    return image, colour[: image.bands]


def laid_on(background: HexColour, image: Image, left: int, top: int, size: Size) -> Image:
    """Return a canvas of the size with the picture on it, at `left` and `top`."""
    image, colour = ready_for(image, background)
    return image.embed(left, top, size.width, size.height, extend="background", background=colour)
