"""Someone looks out from the right; on the left is a wall of stones, and in the middle is nothing.

What cuts by a rule, by detail or by what draws the eye cuts three different parts.
"""

from random import Random
from typing import Final

import pyvips

from gallery.samples.drawing import (
    circle,
    curve,
    drawn,
    ellipse,
    gradient,
    group,
    line,
    moved,
    rectangle,
    soft,
)

WIDTH: Final = 1500
HEIGHT: Final = 750

FRINGE: Final = (
    "M-118 -20C-120 -190 120 -190 118 -20C95 -90 40 -112 -20 -104C-70 -98 -104 -60 -118 -20z"
)


def draw() -> pyvips.Image:
    return drawn(
        WIDTH,
        HEIGHT,
        gradient("skin", (0, "#f2b48e"), (1, "#dd9068"), across=True),
        gradient("hair", (0, "#5b2e1c"), (1, "#2f150e")),
        gradient("knit", (0, "#e0443a"), (1, "#a3202c")),
        soft("soft", 16),
        rectangle(0, 0, WIDTH, HEIGHT, "#bccbc9"),
        _stones(Random(2)),
        _clock(600, 240),
        _person(1150, 330),
    ).flatten()


def _stones(random: Random) -> str:
    """Draw stones in every shade of grey: the most of detail, the least to look at."""
    parts = [rectangle(0, 0, 480, HEIGHT, "#565c5b")]
    for row in range(26):
        x = -30.0 * random.random()
        while x < 450:
            wide = random.uniform(18, 52)
            shade = random.randrange(70, 205)
            stone = f"#{shade:02x}{shade + 4:02x}{shade:02x}"
            round_ = f'rx="{random.uniform(6, 13):.1f}"'
            parts.append(rectangle(x, row * 29 + 2, min(wide, 478 - x), 26, stone, round_))
            for _ in range(4):
                grain = random.randrange(50, 230)
                at = (x + random.uniform(4, wide - 8), row * 29 + random.uniform(5, 22))
                parts.append(circle(*at, 1.6, f"#{grain:02x}{grain:02x}{grain:02x}"))
            x += wide + 3
    return group(parts)


def _clock(x: float, y: float) -> str:
    hours = [line("M0 -84v14", "#4c5457", 5, f'transform="rotate({at * 30})"') for at in range(12)]
    parts = [
        circle(6, 10, 104, "#8d9b9a", 'filter="url(#soft)"'),
        circle(0, 0, 104, "#5d6769"),
        circle(0, 0, 93, "#f2f1ec"),
        *hours,
        line("M0 0l-44 -26M0 0l38 -58", "#33393b", 8),
        circle(0, 0, 8, "#33393b"),
    ]
    return moved(x, y, parts)


def _person(x: float, y: float) -> str:
    """Draw a face whose middle is x, y, down to the shoulders."""
    knit = [
        line(
            f"M{-150 - at * 11} {246 + at * 26}q{150 + at * 11} 40 {300 + at * 22} 0",
            "#ffffff",
            3,
            'opacity=".22"',
        )
        for at in range(8)
    ]
    parts = [
        curve("M-135 -20C-165 -235 165 -235 135 -20L150 190H-150z", "url(#hair)"),
        curve("M-46 90h92v90q-46 50 -92 0z", "#cf8259"),
        curve("M-250 420C-240 230 -120 190 0 190S240 230 250 420z", "url(#knit)"),
        *knit,
        line("M-62 182q62 56 124 0", "#7d1420", 22),
        ellipse(0, 4, 112, 138, "url(#skin)"),
        _eye(-45),
        _eye(45),
        line("M2 4q-16 36 -8 42q10 6 20 0", "#b96c49", 5),
        curve("M-46 74q46 24 92 0q-46 62 -92 0z", "#a8323a"),
        curve("M-38 79q38 16 76 0q-38 22 -76 0z", "#fff6ee"),
        curve(FRINGE, "url(#hair)"),
    ]
    return moved(x, y, parts)


def _eye(x: float) -> str:
    parts = [
        ellipse(0, -8, 19, 14, "#fffaf4"),
        circle(-4, -8, 10.5, "#3d6b4f"),
        circle(-4, -8, 5, "#101512"),
        circle(-7, -12, 2.6, "#ffffff"),
        line("M-24 -36q24 -16 48 0", "#3a1c10", 7),
    ]
    return moved(x, 0, parts)
