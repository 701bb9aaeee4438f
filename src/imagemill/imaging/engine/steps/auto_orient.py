"""Step `auto_orient`: turns the picture upright by its EXIF orientation, and drops the tag."""

from imagemill.imaging.engine.header import SIDEWAYS, UPRIGHT
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image, get_int
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    orientation = get_int(picture.first, "orientation", UPRIGHT)
    if not output.auto_orient or orientation == UPRIGHT:
        return picture
    size = picture.size.transpose() if orientation in SIDEWAYS else picture.size
    return picture.map_frames(Image.autorot, size)
