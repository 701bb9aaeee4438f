"""A forest in the mist: nothing in it is dark, and nothing is light."""

from random import Random
from typing import Final

import pyvips

from gallery.samples.drawing import drawn, fir, gradient, ground, group, line, rectangle, ridge

WIDTH: Final = 1200
HEIGHT: Final = 800

# From far to near: where the slope begins and ends, how high its firs are, and their two sides.
SLOPES: Final = (
    ((340, 300), 60, ("#a9b1b0", "#a6aeae")),
    ((400, 430), 95, ("#a0a9a8", "#9aa4a4")),
    ((540, 480), 150, ("#939e9b", "#8b9795")),
    ((620, 690), 230, ("#848f8a", "#7a8783")),
)


def draw() -> pyvips.Image:
    random = Random(11)
    parts = [
        gradient("sky", (0, "#b3b7b9"), (0.6, "#bab9b3")),
        gradient("mist", (0, "#b5b7b400"), (1, "#b5b7b4bb")),
        rectangle(0, 0, WIDTH, HEIGHT, "url(#sky)"),
    ]
    for (left, right), high, colors in SLOPES:
        slope = ridge(random, ((0, left), (WIDTH, right)), 30, 0.5)
        parts.append(ground(slope, HEIGHT, colors[0]))
        places = [random.choice(slope) for _ in range(7000 // high)]
        for x, y in sorted(places, key=lambda place: place[1]):
            parts.append(fir(x, y + high * 0.3, high * random.uniform(0.6, 1.1), colors))
        parts.append(rectangle(0, min(left, right), WIDTH, HEIGHT, "url(#mist)"))
    parts.append(_geese())
    return drawn(WIDTH, HEIGHT, *parts).flatten()


def _geese() -> str:
    places = [(600, 130), (560, 112), (522, 98), (484, 90), (634, 104), (668, 82), (702, 62)]
    return group(line(f"M{x - 13} {y - 7}q9 -2 13 7q4 -9 13 -7", "#868d90", 3) for x, y in places)
