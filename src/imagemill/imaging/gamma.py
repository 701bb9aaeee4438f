"""Lets pixels be mixed as light mixes, or closer to it, instead of as numbers do."""

from collections.abc import Callable
from typing import Final

from imagemill.imaging.alpha import beside_alpha
from imagemill.imaging.colour import to_srgb
from imagemill.imaging.libvips import Image

DEEP: Final = 65535
FLAT: Final = 255


def darkened(image: Image, gamma: float, change: Callable[[Image], Image]) -> Image:
    """Apply a change to the picture raised to `gamma`, and take the root of what comes out.

    In 16 bits in between: in 8, all that is nearly black would become black.
    """
    raised = beside_alpha(to_srgb(image), lambda colours: (colours / FLAT) ** gamma * FLAT)
    deep = (raised * (DEEP / FLAT)).rint().cast("ushort").copy(interpretation="rgb16")
    flat = change(deep) / (DEEP / FLAT)
    rooted = beside_alpha(flat, lambda colours: (colours / FLAT) ** (1 / gamma) * FLAT)
    return rooted.rint().cast("uchar").copy(interpretation="srgb")
