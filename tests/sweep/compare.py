"""How far two pictures of one size are apart, and whether they are alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweep.reference import Pixels

OPAQUE = 255
PERCENT = 99

# Decoders are free to choose how they upsample chroma and compute cosines.
LOSSY = {"JPEG", "MPO", "WEBP", "AVIF", "HEIF", "JXL"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Of the channels of all pixels, 0 to 255: the mean, and what 99 in a hundred do not exceed."""

    mean: float
    high: float

    def __str__(self) -> str:
        return f"differs by {self.mean:.2f} on average, {self.high:.0f} in the 99th percentile"


LOSSLESS_BOUND = Difference(mean=1, high=4)
LOSSY_BOUND = Difference(mean=2, high=16)


def compare(ours: Pixels, theirs: Pixels) -> Difference:
    """Compare alpha, and colours multiplied by it: those that cannot be seen do not count."""
    apart = np.abs(_premultiply(ours) - _premultiply(theirs))
    return Difference(float(apart.mean()), float(np.percentile(apart, PERCENT)))


def is_alike(difference: Difference, kind: str) -> bool:
    """Return whether the difference is within the bound of the format, by Pillow's name for it."""
    bound = LOSSY_BOUND if kind in LOSSY else LOSSLESS_BOUND
    return difference.mean <= bound.mean and difference.high <= bound.high


def _premultiply(pixels: Pixels) -> NDArray[np.float64]:
    alpha = pixels[..., 3:].astype(np.float64)
    return np.concatenate([pixels[..., :3] * alpha / OPAQUE, alpha], axis=-1)
