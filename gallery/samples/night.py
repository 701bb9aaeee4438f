"""A town at night: lights so small that scaling must mix each with the dark around it."""

from random import Random
from typing import Final

import pyvips

from gallery.samples.drawing import circle, drawn, glow, gradient, rectangle

WIDTH: Final = 1440
HEIGHT: Final = 960
QUAY: Final = 700
LIGHTS: Final = ("#fff1c9", "#ffd98a", "#ffffff", "#cfe6ff", "#ffb35c")


def draw() -> pyvips.Image:
    random = Random(5)
    parts = [
        gradient("sky", (0, "#03050f"), (0.7, "#0b1230"), (1, "#231f45")),
        glow("halo", (0, "#8f8fc866"), (1, "#8f8fc800")),
        gradient("water", (0, "#0a0f26"), (1, "#02030a")),
        rectangle(0, 0, WIDTH, QUAY, "url(#sky)"),
        rectangle(0, QUAY, WIDTH, HEIGHT - QUAY, "url(#water)"),
        circle(1130, 150, 230, "url(#halo)"),
        circle(1130, 150, 54, "#f6f0da"),
        *(_star(random) for _ in range(420)),
    ]
    for far in (True, False):
        x = -20.0
        while x < WIDTH:
            width = random.uniform(50, 120)
            high = random.uniform(180, 480) if far else random.uniform(60, 260)
            parts += _tower(random, (x, width, high), "#080c1e" if far else "#05070f")
            x += width + random.uniform(-10, 14)
    return drawn(WIDTH, HEIGHT, *parts).flatten()


def _star(random: Random) -> str:
    x, y = random.uniform(0, WIDTH), 480 * random.random()
    return circle(x, y, random.uniform(0.6, 1.2), "#fff")


def _tower(random: Random, place: tuple[float, float, float], wall: str) -> list[str]:
    """Draw a tower, its windows of two pixels, and what the water shows of them."""
    x, width, high = place
    parts = [rectangle(x, QUAY - high, width, high, wall)]
    color = random.choice(LIGHTS)
    for row in range(1, int(high / 9)):
        for column in range(1, int(width / 8)):
            if random.random() < 0.55:
                continue
            left, up = x + column * 8, row * 9
            parts.append(rectangle(left, QUAY - up, 2, 3, color))
            if up < 210 and random.random() < 0.7:
                swing = random.uniform(-3, 3)
                parts.append(rectangle(left + swing, QUAY + up, 5, 1.2, color, 'opacity=".55"'))
    return parts
