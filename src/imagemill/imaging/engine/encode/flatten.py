"""Lays a picture on its background where the format has no transparency."""

from imagemill.imaging.engine.canvas import paint
from imagemill.imaging.engine.libvips import Image
from imagemill.imaging.formats import Format
from imagemill.imaging.spec.pipeline import Output


def flatten(image: Image, output: Output, format_: Format) -> Image:
    if format_.has_alpha or not image.hasalpha():
        return image
    return image.flatten(background=paint(output.background, image[: image.bands - 1]))
