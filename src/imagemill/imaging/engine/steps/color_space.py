"""Takes the picture into the output's colour space: where its pixels are fewest."""

from imagemill.imaging.color.profiles import convert_to_space
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    return picture.changed(lambda image: convert_to_space(image, output.color_space))
