"""Step `color_space`: converts to the output's colour space, once the picture is scaled."""

from imagemill.imaging.color.profiles import convert_to_space
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    return picture.map_frames(lambda image: convert_to_space(image, output.color_space))
