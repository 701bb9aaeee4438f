"""Exchanges light and dark, and every colour with its opposite. What is transparent stays so."""

from imagemill.imaging.alpha import beside_alpha
from imagemill.imaging.libvips import Image
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    if not output.negate:
        return picture
    return picture.changed(lambda image: beside_alpha(image, Image.invert))
