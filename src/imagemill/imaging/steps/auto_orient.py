"""Turns the picture upright as its EXIF orientation says, and drops the tag."""

from dataclasses import replace

from imagemill.imaging.header import SIDEWAYS, UPRIGHT
from imagemill.imaging.libvips import number
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    orientation = number(picture.image, "orientation", UPRIGHT)
    if not output.auto_orient or orientation == UPRIGHT:
        return picture
    return replace(
        picture,
        image=picture.image.autorot(),
        size=picture.size.turned() if orientation in SIDEWAYS else picture.size,
    )
