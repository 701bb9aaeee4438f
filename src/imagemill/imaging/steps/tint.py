"""Gives everything the hue and chroma of one colour; lightness stays, as in sharp."""

from imagemill.imaging.libvips import Image
from imagemill.imaging.lightness import with_chroma
from imagemill.imaging.measures import HexColour, parse_colour
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    if output.tint is None:
        return picture
    a, b = _chroma(output.tint)
    return picture.changed(lambda image: with_chroma(image, a, b))


def _chroma(colour: HexColour) -> tuple[float, float]:
    dot = Image.black(1, 1).bandjoin([0, 0]) + parse_colour(colour)[:3]
    _, a, b = dot.copy(interpretation="srgb").colourspace("lab")(0, 0)
    return a, b
