"""Mirrors top and bottom."""

from dataclasses import replace

from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    if not output.flip:
        return picture
    return replace(picture, image=picture.image.flip("vertical"))
