"""A pressed leaf, scanned: lots of plain paper, and a stain so faint that it hardly counts."""

from typing import Final

import pyvips

from gallery.samples.drawing import curve, drawn, ellipse, gradient, group, line, rectangle

WIDTH: Final = 1200
HEIGHT: Final = 900

OUTLINE: Final = (
    "M640 190C800 240 860 400 770 560C730 630 690 660 652 690"
    "C600 650 540 600 520 520C480 380 540 240 640 190z"
)


def draw() -> pyvips.Image:
    return drawn(
        WIDTH,
        HEIGHT,
        gradient("leaf", (0, "#7fae4f"), (0.6, "#3f7d3a"), (1, "#c98a2f")),
        gradient("half", (0, "#ffffff33"), (1, "#00000022"), across=True),
        rectangle(0, 0, WIDTH, HEIGHT, "#f3f0e8"),
        ellipse(330, 690, 150, 84, "#ece9e0"),
        _leaf(),
    ).flatten()


def _leaf() -> str:
    veins = []
    for at in range(7):
        y, long = 285 + at * 52, 118 - abs(at - 2.4) * 15
        veins += [
            line(f"M{645 + at} {y + 26}q{long / 2:.0f} -12 {long:.0f} -56", "#dfe8b8", 3.4),
            line(f"M{645 + at} {y + 26}q-{long / 2:.0f} -12 -{long:.0f} -56", "#dfe8b8", 3.4),
        ]
    return group(
        [
            curve(OUTLINE, "url(#leaf)"),
            curve(OUTLINE, "url(#half)"),
            group(veins, 'opacity=".75"'),
            line("M640 190C648 360 650 520 652 690Q660 740 700 770", "#dfe8b8", 7),
            line("M652 690Q660 740 700 770", "#8a6a2f", 9),
        ]
    )
