"""Step `flop`: mirrors left and right."""

from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    if not output.flop:
        return picture
    return picture.map_frames(lambda image: image.flip("horizontal"))
