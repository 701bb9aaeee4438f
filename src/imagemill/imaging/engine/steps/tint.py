"""Gives everything the hue and chroma of one colour; lightness stays, as in sharp."""

from imagemill.imaging.color.lab import lab_of
from imagemill.imaging.color.lightness import with_chroma
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    if output.tint is None:
        return picture
    _, a, b = lab_of(output.tint, picture.first)(0, 0)
    return picture.changed(lambda image: with_chroma(image, a, b))
