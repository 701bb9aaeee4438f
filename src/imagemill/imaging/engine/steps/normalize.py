"""Step `normalize`: stretches lightness from the 1st percentile to the 99th, as sharp does.

An animation is stretched by the percentiles of its first frame, since it would flicker otherwise.
"""

from typing import Final

from imagemill.imaging.color.lightness import apply_in_lab, get_lightness
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output

WHITE: Final = 100
# Bins of the histogram for one unit of lightness.
BINS: Final = 100


def apply(picture: Picture, output: Output) -> Picture:
    if not output.normalize:
        return picture
    dark, light = _find_extremes(picture.first)
    if light - dark <= 1:  # one level: stretched, it would be noise
        return picture
    factor = WHITE / (light - dark)
    return picture.map_frames(
        lambda image: apply_in_lab(
            image, lambda lab: lab.linear([factor, 1, 1], [-dark * factor, 0, 0])
        )
    )


def _find_extremes(image: Image) -> tuple[float, float]:
    counted = (get_lightness(image) * BINS).cast("ushort")
    return counted.percent(1) / BINS, counted.percent(99) / BINS
