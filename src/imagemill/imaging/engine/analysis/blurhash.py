"""BlurHash: a blurred preview of a picture in 28 characters.

Source: D. Ågren, "BlurHash Algorithm", https://github.com/woltapp/blurhash/blob/master/Algorithm.md.
It has no transparency: pixels are blended with the mean visible colour by their transparency, so
that they add to no wave.
"""

from collections.abc import Sequence
from itertools import chain
from math import copysign, floor
from typing import Final

from imagemill.imaging.engine.analysis.cosines import make_waves, project
from imagemill.imaging.engine.analysis.pixels import Pixels, fill_invisible

ACROSS: Final = 4
DOWN: Final = 3

DIGITS: Final = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
)
# Waves are stored in steps of their largest amplitude, which itself is stored in 83 steps.
AMPLITUDES: Final = 166
LEVELS: Final = 9


# The end of the straight part of sRGB's curve, encoded and linear. Source: IEC 61966-2-1.
STRAIGHT: Final = 0.04045
STRAIGHT_LINEAR: Final = 0.0031308


def _to_linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= STRAIGHT else ((share + 0.055) / 1.055) ** 2.4


LINEAR: Final = tuple(_to_linear(value) for value in range(256))


def compute_blurhash(pixels: Pixels) -> str | None:
    """Return the hash with 4x3 components; None when the picture has no visible pixel."""
    if pixels.is_invisible:
        return None
    # Like the reference, sample waves at the left edge of a pixel, though that leaves a little of
    # each even in a plain picture. Hashes have to be equal.
    across, down = make_waves(pixels.width, ACROSS, 0), make_waves(pixels.height, DOWN, 0)
    channels = (pixels.red, pixels.green, pixels.blue)
    planes = [
        project(fill_invisible([LINEAR[value] for value in channel], pixels.alpha), across, down)
        for channel in channels
    ]
    mean, *others = zip(*(chain.from_iterable(plane) for plane in planes), strict=True)
    return _encode(mean, [[2 * value for value in wave] for wave in others])


def _encode(mean: Sequence[float], others: Sequence[Sequence[float]]) -> str:
    largest = max(abs(value) for wave in others for value in wave)
    step = max(0, min(82, floor(largest * AMPLITUDES - 0.5)))
    amplitude = (step + 1) / AMPLITUDES
    red, green, blue = map(_from_linear, mean)
    return (
        _to_digits(ACROSS - 1 + (DOWN - 1) * 9, 1)
        + _to_digits(step, 1)
        + _to_digits(red << 16 | green << 8 | blue, 4)
        + "".join(_to_digits(_pack(wave, amplitude), 2) for wave in others)
    )


def _pack(wave: Sequence[float], amplitude: float) -> int:
    """Return the levels of red, green and blue, each 0 to 18, as one number."""
    number = 0
    for value in wave:
        root = copysign(abs(value / amplitude) ** 0.5, value)
        number = number * 19 + max(0, min(18, floor(root * LEVELS + LEVELS + 0.5)))
    return number


def _from_linear(linear: float) -> int:
    value = max(0.0, min(1.0, linear))
    coded = value * 12.92 if value <= STRAIGHT_LINEAR else 1.055 * value ** (1 / 2.4) - 0.055
    return int(coded * 255 + 0.5)


def _to_digits(number: int, count: int) -> str:
    places = range(count - 1, -1, -1)
    return "".join(DIGITS[number // len(DIGITS) ** place % len(DIGITS)] for place in places)
