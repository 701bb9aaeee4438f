"""A valley in summer: which side is up, left or right can be told from any part of it."""

from random import Random
from typing import Final

import pyvips

from gallery.samples.drawing import (
    Point,
    circle,
    curve,
    drawn,
    ellipse,
    fir,
    glow,
    gradient,
    ground,
    group,
    line,
    moved,
    polygon,
    rectangle,
    ridge,
    soft,
)

WIDTH: Final = 1440
HEIGHT: Final = 960
SHORE: Final = 610

MEADOW: Final = "M0 790C260 700 420 730 640 760S1010 690 1440 640V960H0z"
PATH: Final = "M1130 745C1080 800 900 820 860 960H1060C1060 850 1150 800 1162 745z"
GRASS: Final = ("#a8d45a", "#7fbf45", "#3d7d31", "#2b6128", "#c9e27a")
FLOWERS: Final = ("#ffffff", "#ffd23f", "#f0483e", "#f58ab2", "#8e5bd0")
TILES: Final = 'opacity=".7" stroke-dasharray="9 3"'

# How much of the balloon's width each colour fills, one over the other.
GORES: Final = ((1, "#7b2d8b"), (0.74, "#e4572e"), (0.44, "#f4c542"), (0.18, "#1f9e89"))

# Each mountain's summit, x and y, and how wide it is at the shore.
PEAKS: Final = ((420, 215, 560), (800, 300, 470), (90, 330, 400))

DEFINITIONS: Final = group(
    [
        gradient("sky", (0, "#2b6cb8"), (0.38, "#7fb8e2"), (0.62, "#fbe3bd")),
        glow("sun", (0, "#fffdf0"), (0.12, "#fff3c4"), (0.3, "#ffe9a855"), (1, "#ffe9a800")),
        gradient("far", (0, "#8fa6cf"), (1, "#c7cfe0")),
        gradient("near", (0, "#5b7fa6"), (1, "#8fb0b8")),
        gradient("forest", (0, "#3f7a5a"), (1, "#2c5c4b")),
        gradient("lake", (0, "#e7dcc2"), (0.25, "#8fbcd3"), (1, "#1f5f95")),
        gradient("meadow", (0, "#86b84a"), (0.4, "#5f9c3a"), (1, "#2f6a2c")),
        gradient("wall", (0, "#fff6e6"), (1, "#e3d2bb"), across=True),
        gradient("roof", (0, "#d8432f"), (1, "#a62a22")),
        gradient("shine", (0, "#ffffff59"), (0.5, "#ffffff00"), (1, "#0000004d"), across=True),
        gradient("path", (0, "#e9d9b0"), (1, "#c9ad7c")),
        soft("soft", 7),
        soft("mist", 16),
    ]
)


def draw() -> pyvips.Image:
    random = Random(4)
    return drawn(
        WIDTH,
        HEIGHT,
        DEFINITIONS,
        _sky(random),
        _mountains(random),
        _lake(random),
        _meadow(random),
        _house(1120, 640),
        _balloon(1030, 190),
        _firs_in_front(),
    ).flatten()


def _sky(random: Random) -> str:
    clouds = [
        _puff(random, x, y, wide * share)
        for x, y, wide in [(560, 150, 90), (700, 290, 60), (1290, 330, 84), (160, 380, 70)]
        for share in (1, 0.8, 0.6, 0.5)
    ]
    return group(
        [
            rectangle(0, 0, WIDTH, SHORE + 20, "url(#sky)"),
            circle(270, 190, 330, "url(#sun)"),
            group(clouds, 'filter="url(#soft)" opacity="0.8"'),
        ]
    )


def _puff(random: Random, x: float, y: float, wide: float) -> str:
    x, y = x + random.uniform(-80, 80), y + random.uniform(-8, 14)
    return ellipse(x, y, wide, wide * 0.24, "#fff")


def _mountains(random: Random) -> str:
    parts = [ground(ridge(random, ((0, 470), (WIDTH, 430)), 90, 0.55), SHORE, "url(#far)")]
    parts += [_peak(random, *at) for at in PEAKS]
    hills = ridge(random, ((0, 520), (WIDTH, 540)), 42, 0.5)
    parts.append(ground(hills, SHORE, "url(#forest)"))
    for x, y in sorted(hills, key=lambda _: random.random()):
        foot = y + random.uniform(4, 60)
        parts.append(fir(x, foot, random.uniform(26, 46), ("#3b7a57", "#23513f")))
    parts.append(
        rectangle(0, SHORE - 46, WIDTH, 60, "#f6e6cd", 'opacity=".35" filter="url(#mist)"')
    )
    return group(parts)


def _peak(random: Random, x: float, top: float, base: float) -> str:
    """Draw a mountain, lit from the left, with snow that ends in tongues."""
    left, right = ((x - base / 2, SHORE), (x, top)), ((x, top), (x + base / 2, SHORE))
    slopes = [*ridge(random, left, 16, 0.6), *ridge(random, right, 16, 0.6)[1:]]
    snow_line = top + (SHORE - top) * 0.34
    shade = slopes[len(slopes) // 2 :]
    spur = [(x, top), (x + 26, top + 110), (x - 12, top + 190), (x + 40, SHORE)]
    return group(
        [
            ground(slopes, SHORE, "url(#near)"),
            polygon([*shade, *reversed(spur)], "#33557d", 'opacity=".45"'),
            polygon(_snow(random, slopes, snow_line), "#fbfdff"),
            polygon(_snow(random, shade, snow_line), "#b9c9e2"),
        ]
    )


def _snow(random: Random, slopes: list[Point], down_to: float) -> list[Point]:
    above = [point for point in slopes if point[1] < down_to]
    first, last = above[0][0], above[-1][0]
    tongues = 9
    edge = [
        (
            last + (first - last) * at / tongues,
            down_to + (at % 2 * 34 - 20) * random.uniform(0.5, 1),
        )
        for at in range(tongues + 1)
    ]
    return [*above, *edge]


def _lake(random: Random) -> str:
    parts = [rectangle(0, SHORE, WIDTH, 190, "url(#lake)")]
    for x, top, base in PEAKS:
        depth = (SHORE - top) * 0.42
        mirrored = [(x - base / 2, SHORE), (x, SHORE + depth), (x + base / 2, SHORE)]
        parts.append(polygon(mirrored, "#4d6f98", 'opacity=".38" filter="url(#soft)"'))
    return group([*parts, *(_wave(random) for _ in range(240)), _boat()])


def _wave(random: Random) -> str:
    y = SHORE + 4 + 180 * random.random() ** 1.6
    x, long = random.uniform(0, WIDTH), (y - SHORE + 12) * random.uniform(0.2, 0.9)
    return line(f"M{x:.0f} {y:.1f}h{long:.0f}", "#fff", 1.3, 'opacity=".4"')


def _boat() -> str:
    return group(
        [
            line("M661 584v96", "#5a3018", 3),
            polygon([(664, 590), (664, 672), (718, 672)], "#fffdf5"),
            polygon([(658, 604), (658, 672), (622, 672)], "#f4c542"),
            curve("M612 676q52 26 104 0l-8 20q-44 14 -88 0z", "#7a3b1f"),
        ]
    )


def _meadow(random: Random) -> str:
    blades = [_blade(random, *place) for place in _places(random, 2600, (790, 985))]
    flowers = [_flower(random, *place) for place in _places(random, 150, (835, 950))]
    return group([curve(MEADOW, "url(#meadow)"), curve(PATH, "url(#path)"), *blades, *flowers])


def _blade(random: Random, x: float, y: float) -> str:
    high, lean = random.uniform(8, 30) * (y / 900), random.uniform(-7, 7)
    path = f"M{x:.0f} {y:.0f}q{lean / 3:.1f} {-high / 2:.1f} {lean:.1f} {-high:.1f}"
    return line(path, random.choice(GRASS), 1.7)


def _flower(random: Random, x: float, y: float) -> str:
    return circle(x, y, 4.4, random.choice(FLOWERS)) + circle(x, y, 1.6, "#7a4b12")


def _places(random: Random, count: int, height: Point) -> list[Point]:
    """Return so many places of the meadow, without those on the path."""
    places = [(random.uniform(0, WIDTH), random.uniform(*height)) for _ in range(count)]
    return [place for place in places if not _is_on_path(*place)]


def _is_on_path(x: float, y: float) -> bool:
    """Tell whether something that grows here would stand on the path, or lean over it."""
    near = (y - 745) / 215
    return 1115 - 275 * float(near**0.6) < x < 1180 - 110 * float(near**0.5)


def _house(x: float, y: float) -> str:
    smoke = [circle(130 + at * 13, -108 - at * 30, 12 + at * 5, "#fff") for at in range(5)]
    tiles = []
    for row in range(8):
        out = 26 - row * 6.2
        tiles.append(line(f"M{out:.0f} {row * 10 - 66}H{190 - out:.0f}", "#7d1f1a", 1.4, TILES))
    parts = [
        rectangle(116, -86, 26, 70, "#8c4a36"),
        group(smoke, 'opacity=".55" filter="url(#soft)"'),
        rectangle(0, 0, 190, 112, "url(#wall)"),
        polygon([(-20, 6), (30, -74), (160, -74), (210, 6)], "url(#roof)"),
        *tiles,
        _window(22),
        _window(132),
        rectangle(78, 40, 36, 72, "#2f6f8f"),
        circle(106, 78, 3, "#f4c542"),
    ]
    return moved(x, y, parts)


def _window(x: float) -> str:
    return group(
        [
            rectangle(x, 28, 36, 38, "#6b4a32"),
            rectangle(x + 4, 32, 28, 30, "#9fd6f2"),
            line(f"M{x + 18} 30v34m-16 -17h32", "#6b4a32", 3),
        ]
    )


def _balloon(x: float, y: float) -> str:
    parts = [
        *(_gores(share, color) for share, color in GORES),
        _gores(1, "url(#shine)"),
        line("M-32 122L-17 172M32 122L17 172", "#5a3018", 2),
        rectangle(-20, 170, 40, 30, "#8a5a2b", 'rx="6"'),
        rectangle(-22, 168, 44, 7, "#5a3018", 'rx="3"'),
    ]
    return moved(x, y, parts)


def _gores(share: float, color: str) -> str:
    """Fill the balloon's middle, so much of its width, from the crown down to the basket."""
    low, wide, high = 34 * share, 150 * share, 120 * share
    left = f"M{-low:.1f} 122C{-wide:.1f} 20 {-high:.1f} -112 0 -112"
    return curve(f"{left}S{wide:.1f} 20 {low:.1f} 122z", color)


def _firs_in_front() -> str:
    places = [(70, 850, 470), (210, 812, 300), (330, 790, 190), (1385, 760, 240)]
    return group(fir(x, foot, high, ("#2f7350", "#174233")) for x, foot, high in places)
