"""Lets pixels be mixed as light mixes, or closer to it, instead of as numbers do."""

from collections.abc import Callable
from typing import Final

from imagemill.imaging.color.alpha import apply_to_colors
from imagemill.imaging.color.levels import max_level
from imagemill.imaging.libvips import Image

DEEP: Final = 65535


def apply_gamma(image: Image, gamma: float, change: Callable[[Image], Image]) -> Image:
    """Apply a change to the picture raised to `gamma`, and take the root of what comes out.

    In 16 bits in between: in 8, all that is nearly black would become black. Of inks, the light
    that they leave is raised.
    """
    most = max_level(image)
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
