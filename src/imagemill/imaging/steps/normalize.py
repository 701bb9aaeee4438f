"""Stretches lightness: the darkest hundredth becomes black, the lightest white, as in sharp."""

from dataclasses import replace
from typing import Final

from imagemill.imaging.libvips import Image
from imagemill.imaging.lightness import in_lab
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output

WHITE: Final = 100
# A histogram counts whole numbers, so lightness is counted in hundredths.
STEPS: Final = 100


def apply(picture: Picture, output: Output) -> Picture:
    if not output.normalize:
        return picture
    return replace(picture, image=in_lab(picture.image, _stretched))


def _stretched(lab: Image) -> Image:
    counted = (lab[0] * STEPS).cast("ushort")
    dark, light = counted.percent(1) / STEPS, counted.percent(99) / STEPS
    if light - dark <= 1:  # one level: what is left would be noise
        return lab
    factor = WHITE / (light - dark)
    return lab.linear([factor, 1, 1], [-dark * factor, 0, 0])
