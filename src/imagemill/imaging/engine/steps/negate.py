"""Step `negate`: inverts each channel, and leaves alpha as it is.

CMYK is inverted in Lab: its channels have no opposites, since black comes on top of the others.
"""

from typing import Final

from imagemill.imaging.color.alpha import apply_to_colors
from imagemill.imaging.color.lightness import apply_in_lab
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output

WHITE: Final = 100


def apply(picture: Picture, output: Output) -> Picture:
    if not output.negate:
        return picture
    return picture.map_frames(_negate)


def _negate(image: Image) -> Image:
    if image.interpretation == "cmyk":
        return apply_in_lab(image, lambda lab: lab.linear([-1, -1, -1], [WHITE, 0, 0]))
    return apply_to_colors(image, Image.invert)
