"""Step `trim`: cuts off a plain border, that is, one that differs little from the top left pixel.

All frames of an animation lose the border of the first one.
"""

from typing import Final

from imagemill.imaging.color.levels import get_max_level
from imagemill.imaging.color.profiles import convert_to_space
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output

THRESHOLD: Final = 10
FULL: Final = 255


def apply(picture: Picture, output: Output) -> Picture:
    if output.trim is False:
        return picture
    threshold = THRESHOLD if output.trim is True else output.trim
    differs = _mark_differences(convert_to_space(picture.first, output.color_space), threshold)
    left, top, width, height = differs.find_trim(background=[0], threshold=1, line_art=True)
    if width == 0 or height == 0:
        return picture
    return picture.map_frames(
        lambda image: image.crop(left, top, width, height), Size(width, height)
    )


def _mark_differences(image: Image, threshold: float) -> Image:
    """Return 255 where a band is further than the threshold from the first pixel, else 0.

    The threshold is in 255ths. Colours are weighed by their opacity, which is compared as well.
    """
    most = get_max_level(image)
    seen = image.premultiply(max_alpha=most).rint() if image.hasalpha() else image
    return (
        ((seen - seen(0, 0)).abs() > threshold * (most / FULL)).bandor().copy(interpretation="b-w")
    )
