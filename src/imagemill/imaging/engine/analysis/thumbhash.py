"""ThumbHash: like BlurHash, with the picture's ratio and its transparency, in about 25 bytes.

Source: E. Wallace, ThumbHash, https://evanw.github.io/thumbhash/, `rgbaToThumbHash` of its
JavaScript. `p` and `q` are its two axes of colour: yellow to blue, and red to green.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Final

from imagemill.imaging.engine.analysis.cosines import make_waves, project
from imagemill.imaging.engine.analysis.pixels import OPAQUE, Pixels, fill_invisible

# Waves of lightness along the longer side; fewer when transparency is stored as well.
WAVES: Final = 7
WAVES_BESIDE_ALPHA: Final = 5

# Weaker waves are rounding errors, and would be noise when scaled to the strongest.
FAINTEST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Waves:
    """A channel's mean, its waves as 0 to 1 of the strongest, and the strength of that one."""

    mean: float
    levels: Sequence[float]
    scale: float


def compute_thumbhash(pixels: Pixels) -> str:
    """Return the hash in base64."""
    return b64encode(_compute_hash(pixels)).decode()


def _compute_hash(pixels: Pixels) -> bytes:
    width, height = pixels.width, pixels.height
    alpha = [value / 255 for value in pixels.alpha]
    has_alpha = min(pixels.alpha) < OPAQUE
    red, green, blue = (
        fill_invisible([value / 255 for value in channel], pixels.alpha)
        for channel in (pixels.red, pixels.green, pixels.blue)
    )
    colors = list(zip(red, green, blue, strict=True))
    most = WAVES_BESIDE_ALPHA if has_alpha else WAVES
    across = max(1, _round_half_up(most * width / max(width, height)))
    down = max(1, _round_half_up(most * height / max(width, height)))
    light = _project_triangle(
        [(r + g + b) / 3 for r, g, b in colors], width, max(3, across), max(3, down)
    )
    p = _project_triangle([(r + g) / 2 - b for r, g, b in colors], width, 3, 3)
    q = _project_triangle([r - g for r, g, _ in colors], width, 3, 3)
    a = [_project_triangle(alpha, width, 5, 5)] if has_alpha else []
    return (
        _pack_head(light, p, q, has_alpha=has_alpha)
        + _pack_shape(p, q, down if width > height else across, is_landscape=width > height)
        + b"".join(
            _pack_byte(_round_half_up(15 * one.mean), _round_half_up(15 * one.scale)) for one in a
        )
        + _pack_nibbles(
            _round_half_up(15 * level) for one in (light, p, q, *a) for level in one.levels
        )
    )


def _project_triangle(channel: Sequence[float], width: int, across: int, down: int) -> Waves:
    """Keep the triangle of waves that are not short both ways."""
    height = len(channel) // width
    sums = project(channel, make_waves(width, across, 0.5), make_waves(height, down, 0.5))
    kept = [
        sums[y][x] for y in range(down) for x in range(across) if x * down < across * (down - y)
    ]
    mean, others = kept[0], kept[1:]
    scale = max(map(abs, others))
    if scale < FAINTEST:
        return Waves(mean, [0.0] * len(others), 0.0)
    return Waves(mean, [0.5 + 0.5 / scale * value for value in others], scale)


def _pack_head(light: Waves, p: Waves, q: Waves, *, has_alpha: bool) -> bytes:
    return (
        _round_half_up(63 * light.mean)
        | _round_half_up(31.5 + 31.5 * p.mean) << 6
        | _round_half_up(31.5 + 31.5 * q.mean) << 12
        | _round_half_up(31 * light.scale) << 18
        | has_alpha << 23
    ).to_bytes(3, "little")


def _pack_shape(p: Waves, q: Waves, shorter: int, *, is_landscape: bool) -> bytes:
    return (
        shorter
        | _round_half_up(63 * p.scale) << 3
        | _round_half_up(63 * q.scale) << 9
        | is_landscape << 15
    ).to_bytes(2, "little")


def _pack_nibbles(values: Iterable[int]) -> bytes:
    low_first = list(values)
    low_first += [0] * (len(low_first) % 2)
    return b"".join(
        _pack_byte(low, high) for low, high in zip(low_first[::2], low_first[1::2], strict=True)
    )


def _pack_byte(low: int, high: int) -> bytes:
    return bytes([low | high << 4])


def _round_half_up(value: float) -> int:
    """Round half up, as JavaScript does; Python's own `round` would go to the even number."""
    return floor(value + 0.5)
