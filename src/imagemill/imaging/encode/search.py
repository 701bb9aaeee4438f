"""Finds the highest quality whose file is small enough, in few encodes."""

from collections.abc import Callable
from math import log


def best_within(max_bytes: int, highest: int, encoded: Callable[[int], bytes]) -> bytes:
    """Return what `encoded` makes of the highest quality, 1 to `highest`, that is no larger.

    The file of quality 1 when all are larger. Files are taken to grow with quality. Where two
    sizes are known, the next guess lies on a line between their logarithms, which those of JPEG,
    WebP and AVIF nearly do; every other guess halves what is left, should they not.
    """
    above, large = highest, encoded(highest)
    if len(large) <= max_bytes:
        return large
    below, small = 0, b""
    halve = True
    while above - below > 1:
        guess = (below + above) // 2
        if small and not halve:
            share = log(max_bytes / len(small)) / log(len(large) / len(small))
            guess = below + round((above - below) * share)
        quality = min(max(guess, below + 1), above - 1)
        data = encoded(quality)
        if len(data) <= max_bytes:
            below, small = quality, data
        else:
            above, large = quality, data
        halve = not halve
    return small or large
