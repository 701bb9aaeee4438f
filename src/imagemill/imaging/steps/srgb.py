"""Converts to sRGB: where the pixels are fewest, before steps that bring colours of their own."""

from imagemill.imaging.colour import to_srgb
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, _output: Output) -> Picture:
    return picture.changed(to_srgb)
