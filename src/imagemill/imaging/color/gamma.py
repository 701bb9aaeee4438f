"""Changes in linear or nearly linear light, instead of in the levels of a gamma curve."""

from collections.abc import Callable
from typing import Final

from imagemill.imaging.color.alpha import apply_to_colors
from imagemill.imaging.color.levels import get_max_level
from imagemill.imaging.libvips import Image

DEEP: Final = 65535


def apply_gamma(image: Image, gamma: float, change: Callable[[Image], Image]) -> Image:
    """Apply a change to the levels raised to the power of `gamma`, and take the root of the result.

    The change gets 16 bits: with 8, dark levels would become black. CMYK is inverted first, so that
    light is raised and not ink. Alpha is not raised.
    """
    most = get_max_level(image)
    raised = apply_to_colors(_invert_inks(image), lambda levels: (levels / most) ** gamma * most)
    deep = (raised * (DEEP / most)).rint().cast("ushort").copy(interpretation=image.interpretation)
    flat = change(deep) / (DEEP / most)
    rooted = apply_to_colors(flat, lambda levels: (levels / most) ** (1 / gamma) * most)
    whole = rooted.rint().cast(image.format).copy(interpretation=image.interpretation)
    return _invert_inks(whole)


def _invert_inks(image: Image) -> Image:
    if image.interpretation != "cmyk":
        return image
    return apply_to_colors(image, lambda inks: inks.invert())
