"""The wings of a mill in glass: a logo, half of it transparent and all of it on nothing."""

from typing import Final

import pyvips

from gallery.samples.drawing import circle, curve, drawn, group

SIDE: Final = 600
COLORS: Final = ("#e4572e", "#f4b942", "#17a398", "#6a4c93")


def draw(turned: float = 0) -> pyvips.Image:
    """`turned` in degrees, clockwise."""
    wings = [_wing(turned + at * 90, color) for at, color in enumerate(COLORS)]
    return drawn(SIDE, SIDE, *wings, circle(300, 300, 34, "#2d3142"), circle(300, 300, 12, "#fff"))


def _wing(degrees: float, color: str) -> str:
    """Draw one wing upwards: a plain blade, and one that is half transparent beside it."""
    clear = "M300 300C210 240 190 110 250 26C330 60 372 190 300 300z"
    plain = "M300 300C290 200 312 90 396 40C446 130 410 250 300 300z"
    return group(
        [
            curve(clear, color, 'opacity=".5"'),
            curve(plain, color, 'opacity=".92"'),
        ],
        f'transform="rotate({degrees} 300 300)"',
    )
