"""Stretches lightness: the darkest hundredth becomes black, the lightest white, as in sharp.

Of an animation those of the first frame: a stretch of its own for each frame would flicker.
"""

from typing import Final

from imagemill.imaging.color.lightness import apply_in_lab, get_lightness
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.pipeline import Output

WHITE: Final = 100
# A histogram counts whole numbers, so lightness is counted in hundredths.
STEPS: Final = 100


def apply(picture: Picture, output: Output) -> Picture:
    if not output.normalize:
        return picture
    dark, light = _find_extremes(picture.first)
    if light - dark <= 1:  # one level: what is left would be noise
        return picture
    factor = WHITE / (light - dark)
    return picture.changed(
        lambda image: apply_in_lab(
            image, lambda lab: lab.linear([factor, 1, 1], [-dark * factor, 0, 0])
        )
    )


def _find_extremes(image: Image) -> tuple[float, float]:
    counted = (get_lightness(image) * STEPS).cast("ushort")
    return counted.percent(1) / STEPS, counted.percent(99) / STEPS
