"""The pixels of a small picture in plain Python, for analyses that need no libvips."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import mul
from typing import Final, Self

OPAQUE: Final = 255


@dataclass(frozen=True, slots=True)
class Pixels:
    """An sRGB picture: a byte a pixel in each channel, row by row from the top.

    `alpha` is 0 for transparent; colours are not premultiplied.
    """

    width: int
    height: int
    red: bytes
    green: bytes
    blue: bytes
    alpha: bytes

    @classmethod
    def of(cls, width: int, height: int, rgba: bytes) -> Self:
        return cls(width, height, rgba[0::4], rgba[1::4], rgba[2::4], rgba[3::4])

    def colors(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield red, green, blue and alpha of every pixel."""
        return zip(self.red, self.green, self.blue, self.alpha, strict=True)

    @property
    def is_invisible(self) -> bool:
        return not any(self.alpha)


def fill_invisible(channel: Sequence[float], alpha: bytes) -> Sequence[float]:
    """Return the channel with transparent pixels replaced by the mean of the visible ones."""
    total = sum(alpha)
    if total == len(alpha) * OPAQUE:
        return channel
    mean = sum(map(mul, channel, alpha)) / total if total else 0.0
    return [
        mean + (value - mean) * opacity / OPAQUE
        for value, opacity in zip(channel, alpha, strict=True)
    ]
