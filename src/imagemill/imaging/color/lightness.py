"""Changes in CIE Lab, where lightness is separate from chroma. Alpha is left as it is."""

from collections.abc import Callable

from imagemill.imaging.color.alpha import apply_to_colors
from imagemill.imaging.color.lab import from_lab, to_lab
from imagemill.imaging.libvips import Image


def apply_in_lab(image: Image, change: Callable[[Image], Image]) -> Image:
    """Apply a change to L (0 to 100), a and b, and convert the result back to the image's space."""
    return apply_to_colors(image, lambda colors: from_lab(change(to_lab(colors)), colors))


def get_lightness(image: Image) -> Image:
    """Return the image's L, 0 to 100, of transparent pixels too."""
    return to_lab(image)[0]


def set_chroma(image: Image, a: float, b: float) -> Image:
    """Return the image with a and b set to these, and the same lightness."""
    return apply_in_lab(image, lambda lab: lab[0].bandjoin([a, b]).copy(interpretation="lab"))
