"""A lighthouse, upright: the sample is stored lying on its side, as telephones store pictures."""

from random import Random
from typing import Final

import pyvips

from gallery.samples.drawing import (
    circle,
    curve,
    drawn,
    ellipse,
    glow,
    gradient,
    group,
    line,
    polygon,
    rectangle,
    soft,
)

WIDTH: Final = 800
HEIGHT: Final = 1200


def draw() -> pyvips.Image:
    random = Random(3)
    return drawn(
        WIDTH,
        HEIGHT,
        gradient("sky", (0, "#274b8f"), (0.5, "#e58f8a"), (0.75, "#ffd9a0")),
        gradient("sea", (0, "#d98f7f"), (0.3, "#3f6fa0"), (1, "#123a66")),
        gradient("tower", (0, "#ffffff"), (0.6, "#f1e4dc"), (1, "#a9979b"), across=True),
        gradient("red", (0, "#f0604d"), (0.6, "#d23b30"), (1, "#7d1f26"), across=True),
        gradient("beam", (0, "#fff3b000"), (1, "#fff3b0cc"), across=True),
        gradient("rock", (0, "#6b5a5c"), (1, "#2b2630")),
        glow("lamp", (0, "#fffbe0"), (0.2, "#fff0a8cc"), (1, "#fff0a800")),
        soft("soft", 9),
        rectangle(0, 0, WIDTH, 860, "url(#sky)"),
        rectangle(0, 820, WIDTH, 380, "url(#sea)"),
        *_waves(random),
        polygon([(-20, 200), (-20, 440), (400, 300)], "url(#beam)", 'filter="url(#soft)"'),
        curve("M120 1200C180 1010 300 930 470 930S760 1040 800 1200z", "url(#rock)"),
        curve("M120 1200C180 1010 300 930 390 936C330 1020 330 1120 300 1200z", "#8d7877"),
        _tower(),
        *_gulls(),
    ).flatten()


def _waves(random: Random) -> list[str]:
    parts = []
    for _ in range(170):
        y = 830 + 360 * random.random() ** 1.4
        x, long = random.uniform(-40, WIDTH), (y - 810) * random.uniform(0.15, 0.6)
        path = f"M{x:.0f} {y:.0f}q{long / 2:.0f} -{long / 14:.1f} {long:.0f} 0"
        parts.append(line(path, "#fff", 2.2, 'opacity=".32"'))
    return parts


def _tower() -> str:
    def across(y: float) -> float:
        return 62 + (y - 360) * 0.075

    bands = []
    for at in range(6):
        top, low = 360 + at * 98, 360 + (at + 1) * 98
        corners = [
            (420 - across(top), top),
            (420 + across(top), top),
            (420 + across(low), low),
            (420 - across(low), low),
        ]
        bands.append(polygon(corners, "url(#tower)" if at % 2 else "url(#red)"))
    windows = [rectangle(408, y, 24, 40, "#3c3340", 'rx="12"') for y in (410, 606, 802)]
    return group(
        [
            *bands,
            *windows,
            rectangle(342, 344, 156, 20, "#3c3340", 'rx="4"'),
            rectangle(372, 262, 96, 84, "#ffe9a0"),
            line("M396 262v84M420 262v84M444 262v84", "#3c3340", 4),
            curve("M360 264q60 -96 120 0z", "url(#red)"),
            circle(420, 206, 9, "#3c3340"),
            circle(420, 304, 150, "url(#lamp)"),
            line("M346 342v-34M372 342v-34M498 342v-34M470 342v-34M346 310h152", "#3c3340", 4),
            rectangle(390, 890, 60, 62, "#3c3340", 'rx="28"'),
            ellipse(430, 952, 130, 14, "#2b2630", 'opacity=".5"'),
        ]
    )


def _gulls() -> list[str]:
    places = [(600, 250), (660, 300), (560, 340), (700, 180)]
    return [line(f"M{x - 26} {y - 12}q18 -6 26 12q8 -18 26 -12", "#fff", 5) for x, y in places]
