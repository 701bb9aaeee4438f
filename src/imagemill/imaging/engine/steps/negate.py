"""Exchanges light and dark, and every colour with its opposite. What is transparent stays so.

Levels of inks have no opposites, since black stands beside the others; so theirs is taken in Lab.
"""

from typing import Final

from imagemill.imaging.color.alpha import beside_alpha
from imagemill.imaging.color.lightness import in_lab
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.pipeline import Output

WHITE: Final = 100


def apply(picture: Picture, output: Output) -> Picture:
    if not output.negate:
        return picture
    return picture.changed(_negated)


def _negated(image: Image) -> Image:
    if image.interpretation == "cmyk":
        return in_lab(image, lambda lab: lab.linear([-1, -1, -1], [WHITE, 0, 0]))
    return beside_alpha(image, Image.invert)
