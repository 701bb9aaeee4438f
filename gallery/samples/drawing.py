"""What the samples are drawn with: SVG, put together from a few shapes."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random
from typing import Final

import pyvips

Point = tuple[float, float]

# Hills are broken down to so many pixels.
FINEST: Final = 12.0


def drawn(width: int, height: int, *parts: str) -> pyvips.Image:
    """Return what the parts show, one over the other: sRGB with alpha."""
    document = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' width="{width}" height="{height}">{"".join(parts)}</svg>'
    )
    return pyvips.Image.svgload_buffer(document.encode()).copy(interpretation="srgb")


def gradient(name: str, *stops: tuple[float, str], across: bool = False) -> str:
    """Define a gradient for `url(#name)`, from top to bottom or from left to right."""
    end = 'x2="1" y2="0"' if across else 'x2="0" y2="1"'
    return f'<linearGradient id="{name}" {end}>{_stops(stops)}</linearGradient>'


def glow(name: str, *stops: tuple[float, str]) -> str:
    """Define a gradient for `url(#name)`, from the middle outwards."""
    return f'<radialGradient id="{name}">{_stops(stops)}</radialGradient>'


def soft(name: str, sigma: float) -> str:
    """Define a blur for `filter="url(#name)"`."""
    return (
        f'<filter id="{name}" x="-50%" y="-50%" width="200%" height="200%">'
        f'<feGaussianBlur stdDeviation="{sigma}"/></filter>'
    )


def rectangle(x: float, y: float, width: float, height: float, fill: str, more: str = "") -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' fill="{fill}" {more}/>'
    )


def circle(x: float, y: float, radius: float, fill: str, more: str = "") -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" {more}/>'


def ellipse(x: float, y: float, across: float, down: float, fill: str, more: str = "") -> str:
    return (
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{across:.1f}" ry="{down:.1f}"'
        f' fill="{fill}" {more}/>'
    )


def polygon(points: Iterable[Point], fill: str, more: str = "") -> str:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{corners}" fill="{fill}" {more}/>'


def curve(path: str, fill: str, more: str = "") -> str:
    return f'<path d="{path}" fill="{fill}" {more}/>'


def line(path: str, color: str, width: float, more: str = "") -> str:
    return (
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{width:.1f}"'
        f' stroke-linecap="round" {more}/>'
    )


def group(parts: Iterable[str], more: str = "") -> str:
    return f"<g {more}>{''.join(parts)}</g>"


def moved(x: float, y: float, parts: Iterable[str]) -> str:
    """Draw parts whose own middle is 0, 0 at a place of the picture."""
    return group(parts, f'transform="translate({x:.1f} {y:.1f})"')


def ridge(random: Random, ends: tuple[Point, Point], swing: float, rough: float) -> list[Point]:
    """Return a line of hills between the ends: each half is broken again, by less.

    `swing` is the first break in pixels; `rough`, below 1, how much of it each next one has.
    """
    line_ = list(ends)
    while line_[1][0] - line_[0][0] > FINEST:
        broken = [line_[0]]
        for (left, start), (right, end) in pairwise(line_):
            middle = (start + end) / 2 + random.uniform(-swing, swing)
            broken += [((left + right) / 2, middle), (right, end)]
        line_, swing = broken, swing * rough
    return line_


def ground(line_: Sequence[Point], bottom: float, fill: str, more: str = "") -> str:
    """Fill all that lies below a line of hills."""
    return polygon([*line_, (line_[-1][0], bottom), (line_[0][0], bottom)], fill, more)


def fir(x: float, foot: float, height: float, colors: tuple[str, str]) -> str:
    """Draw a fir: its lit side, and the other one in the shade."""
    lit, shade = colors
    parts = [rectangle(x - height * 0.025, foot - height * 0.1, height * 0.05, height * 0.1, shade)]
    for tier in range(6):
        top = foot - height + tier * height * 0.14
        low, wide = top + height * 0.25, height * (0.075 + 0.032 * tier)
        for side, color in ((-wide, lit), (wide, shade)):
            parts.append(polygon([(x, top), (x + side, low), (x, low - height * 0.03)], color))
    return group(parts)


def _stops(stops: Iterable[tuple[float, str]]) -> str:
    return "".join(f'<stop offset="{at}" stop-color="{color}"/>' for at, color in stops)
