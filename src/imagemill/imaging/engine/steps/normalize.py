"""Step `normalize`: stretches lightness from the 1st percentile to the 99th, as sharp does.

Transparent pixels do not count: a dark colour that nobody sees would keep the picture grey. An
animation is stretched by the percentiles of its first frame, since it would flicker otherwise.
"""

from typing import Final

from imagemill.imaging.color.lightness import apply_in_lab, get_lightness
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output

WHITE: Final = 100
# Bins of the histogram for one unit of lightness.
BINS: Final = 100
# The bin of transparent pixels, after all others.
HIDDEN: Final = WHITE * BINS + 1
LOW, HIGH = 0.01, 0.99


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
    """Return the percentiles of the lightness of visible pixels; zeros if there are none."""
    lightness = get_lightness(image)
    counted = (lightness * BINS).rint().cast("ushort")
    if image.hasalpha():
        counted = (image[image.bands - 1] == 0).ifthenelse(HIDDEN, counted).cast("ushort")
    counts = counted.hist_find()
    below = counts.crop(0, 0, min(HIDDEN, counts.width), 1).hist_cum()
    total = below(below.width - 1, 0)[0]
    return _find_bin(below, LOW * total) / BINS, _find_bin(below, HIGH * total) / BINS


def _find_bin(below: Image, pixels: float) -> float:
    """Return the first bin of a cumulative histogram that is beyond so many pixels, or 0."""
    _, first = (below > pixels).profile()
    return float(first(0, 0)[0])
