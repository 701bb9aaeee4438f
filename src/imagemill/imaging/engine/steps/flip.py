"""Step `flip`: mirrors top and bottom."""

from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    if not output.flip:
        return picture
    return picture.map_frames(lambda image: image.flip("vertical"))
