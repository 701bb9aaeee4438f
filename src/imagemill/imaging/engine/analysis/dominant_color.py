"""The dominant colour: the most frequent one of the palette."""

from imagemill.imaging.engine.analysis.palette import find_palette
from imagemill.imaging.engine.analysis.pixels import Pixels


def find_dominant_color(pixels: Pixels) -> str | None:
    """Return `#rrggbb`; None when the picture has no visible pixel."""
    return next(iter(find_palette(pixels)), None)
