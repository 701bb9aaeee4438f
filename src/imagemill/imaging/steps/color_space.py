"""Takes the picture into the output's colour space: where its pixels are fewest."""

from imagemill.imaging.colour import converted
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    return picture.changed(lambda image: converted(image, output.color_space))
