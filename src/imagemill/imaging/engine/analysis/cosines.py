"""Cosine transform of a channel, which all hashes are built on.

It is separable: each row is summed with every wave across, then those sums with every wave down.
"""

from collections.abc import Sequence
from math import cos, pi
from operator import mul

Waves = Sequence[Sequence[float]]


def make_waves(length: int, count: int, shift: float) -> Waves:
    """Return `count` waves over a length, the constant one first, sampled `shift` into a pixel."""
    return [
        [cos(pi * wave * (at + shift) / length) for at in range(length)] for wave in range(count)
    ]


def project(channel: Sequence[float], across: Waves, down: Waves) -> list[list[float]]:
    """Return the mean of the channel times each pair of waves, as [wave down][wave across]."""
    width = len(across[0])
    rows = [channel[start : start + width] for start in range(0, len(channel), width)]
    by_row = [[sum(map(mul, row, wave)) for wave in across] for row in rows]
    columns = list(zip(*by_row, strict=True))
    return [[sum(map(mul, column, wave)) / len(channel) for column in columns] for wave in down]
