"""Takes the picture into the output's colour space: where its pixels are fewest."""

from imagemill.imaging.color.profiles import convert
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    return picture.changed(lambda image: convert(image, output.color_space))
