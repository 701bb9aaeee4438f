"""The one colour for a picture's place while it loads: the most frequent of its palette."""

from imagemill.imaging.engine.analysis.palette import palette
from imagemill.imaging.engine.analysis.pixels import Pixels


def dominant_color(pixels: Pixels) -> str | None:
    """Return `#rrggbb`; None when the picture has no visible pixel."""
    return next(iter(palette(pixels)), None)
