"""Changes in CIE Lab, where lightness and colour are apart and alpha stands beside both."""

from collections.abc import Callable

from imagemill.imaging.color.alpha import apply_to_colors
from imagemill.imaging.color.lab import from_lab, to_lab
from imagemill.imaging.libvips import Image


def apply_in_lab(image: Image, change: Callable[[Image], Image]) -> Image:
    """Apply a change to the picture's L (0 to 100), a and b, and return it in the space it had."""
    return apply_to_colors(image, lambda colors: from_lab(change(to_lab(colors)), colors))


def get_lightness(image: Image) -> Image:
    """Return the picture's L, 0 to 100, whether it can be seen or not."""
    return to_lab(image)[0]


def set_chroma(image: Image, a: float, b: float) -> Image:
    """Return the picture in the one colour, each pixel as light as it was."""
    return apply_in_lab(image, lambda lab: lab[0].bandjoin([a, b]).copy(interpretation="lab"))
