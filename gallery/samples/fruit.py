"""Fruit on a cloth, as colourful as colours get: printed as CMYK, and seen on a wide screen."""

from math import cos, radians, sin
from typing import Final

import pyvips

from gallery.samples.drawing import (
    Point,
    circle,
    curve,
    drawn,
    ellipse,
    glow,
    gradient,
    line,
    moved,
    polygon,
    rectangle,
    soft,
)

WIDTH: Final = 1200
HEIGHT: Final = 800

APPLE: Final = (
    "M0 -130C60 -190 200 -150 180 10C165 130 70 195 0 165"
    "C-70 195 -165 130 -180 10C-200 -150 -60 -190 0 -130z"
)


def draw() -> pyvips.Image:
    return drawn(
        WIDTH,
        HEIGHT,
        gradient("wall", (0, "#0b7fa0"), (1, "#06526f")),
        gradient("cloth", (0, "#ffe14d"), (1, "#f2a900")),
        glow("red", (0, "#ff5a4d"), (0.6, "#f0101f"), (1, "#9c0016")),
        glow("lime", (0, "#c8ff3d"), (0.7, "#57d40a"), (1, "#2a8a00")),
        glow("plum", (0, "#b44dff"), (0.7, "#6a10c8"), (1, "#36006e")),
        soft("soft", 14),
        rectangle(0, 0, WIDTH, HEIGHT, "url(#wall)"),
        rectangle(0, 520, WIDTH, 280, "url(#cloth)"),
        *_folds(),
        *(
            ellipse(x, y, wide, 26, "#7a3d00", 'opacity=".45" filter="url(#soft)"')
            for x, y, wide in ((330, 672, 190), (640, 694, 170), (910, 668, 180), (780, 610, 120))
        ),
        _apple(330, 500),
        _plum(770, 480),
        _half(640, 570, 118, ("#ff8a00", "#ffb52e", "#fff0c4")),
        _half(920, 540, 130, ("#3fae00", "#a6f03a", "#f4ffd6")),
    ).flatten()


def _folds() -> list[str]:
    return [
        line(f"M{x} 520q{lean} 140 {lean * 2.2:.0f} 280", "#c77f00", 5, 'opacity=".3"')
        for x, lean in ((80, -30), (230, -14), (480, 6), (760, 10), (1010, 26), (1130, 40))
    ]


def _apple(x: float, y: float) -> str:
    parts = [
        curve(APPLE, "url(#red)"),
        ellipse(-80, -60, 30, 52, "#fff", 'opacity=".55" filter="url(#soft)"'),
        line("M0 -125q4 -60 30 -84", "#5a3018", 12),
        curve("M20 -165q50 -70 130 -40q-40 66 -130 40z", "#38b000"),
    ]
    return moved(x, y, parts)


def _plum(x: float, y: float) -> str:
    parts = [
        ellipse(0, 0, 96, 108, "url(#plum)"),
        line("M8 -104q-34 100 4 206", "#2b0057", 4, 'opacity=".6"'),
        ellipse(-38, -42, 16, 30, "#fff", 'opacity=".5" filter="url(#soft)"'),
    ]
    return moved(x, y, parts)


def _half(x: float, y: float, radius: float, colors: tuple[str, str, str]) -> str:
    """Draw half a citrus fruit, cut across: peel, flesh in ten segments, pith."""
    peel, flesh, pith = colors
    rounded = f'stroke="{flesh}" stroke-width="6" stroke-linejoin="round"'
    segments = [polygon(_segment(radius, at * 36), flesh, rounded) for at in range(10)]
    return moved(x, y, [circle(0, 0, radius, peel), circle(0, 0, radius * 0.92, pith), *segments])


def _segment(radius: float, degrees: float) -> list[Point]:
    inner, outer, half = radius * 0.12, radius * 0.8, 14.5
    arc = [degrees + half * share for share in (-1, -0.6, 0, 0.6, 1)]
    return [
        (inner * cos(radians(degrees)), inner * sin(radians(degrees))),
        *((outer * cos(radians(angle)), outer * sin(radians(angle))) for angle in arc),
    ]
