"""Dunes under an evening sky: almost nothing but gradients, where banding shows."""

from random import Random
from typing import Final

import pyvips

from gallery.samples.drawing import circle, curve, drawn, glow, gradient, rectangle

WIDTH: Final = 1200
HEIGHT: Final = 800

DUNES: Final = (
    ("M0 520C300 430 520 470 760 510S1080 470 1200 430V800H0z", "#e89a6b", "#b4574f"),
    ("M0 640C220 520 420 500 620 600S1000 640 1200 540V800H0z", "#d9764f", "#7c3350"),
    ("M0 700C300 760 520 560 760 640S1080 780 1200 700V800H0z", "#a8484a", "#43203f"),
)


def draw() -> pyvips.Image:
    parts = [
        gradient("sky", (0, "#1d1b4c"), (0.35, "#6a3f86"), (0.6, "#e0708a"), (0.8, "#ffc08a")),
        glow("halo", (0, "#fff6d8"), (0.25, "#ffe0a0aa"), (1, "#ffc08a00")),
        rectangle(0, 0, WIDTH, 680, "url(#sky)"),
        *_stars(Random(7)),
        circle(820, 400, 300, "url(#halo)"),
        circle(820, 400, 62, "#fffbe8"),
    ]
    for at, (path, light, shade) in enumerate(DUNES):
        parts += [
            gradient(f"dune{at}", (0, light), (1, shade)),
            gradient(f"shade{at}", (0.2, f"{shade}cc"), (0.75, f"{shade}00"), across=True),
            curve(path, f"url(#dune{at})"),
            curve(path, f"url(#shade{at})"),
        ]
    return drawn(WIDTH, HEIGHT, *parts).flatten()


def _stars(random: Random) -> list[str]:
    return [
        circle(
            random.uniform(0, WIDTH),
            270 * random.random() ** 1.5,
            random.uniform(0.7, 1.9),
            "#fff",
            f'opacity="{random.uniform(0.3, 0.9):.2f}"',
        )
        for _ in range(130)
    ]
