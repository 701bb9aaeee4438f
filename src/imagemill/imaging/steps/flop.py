"""Mirrors left and right."""

from dataclasses import replace

from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    if not output.flop:
        return picture
    return replace(picture, image=picture.image.flip("horizontal"))
