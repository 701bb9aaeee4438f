"""Lays a picture on its background where the format has no transparency."""

from imagemill.imaging.canvas import painted
from imagemill.imaging.formats import Format
from imagemill.imaging.libvips import Image
from imagemill.imaging.pipeline import Output


def flatten(image: Image, output: Output, format_: Format) -> Image:
    if format_.has_alpha or not image.hasalpha():
        return image
    return image.flatten(background=painted(output.background, image[: image.bands - 1]))
