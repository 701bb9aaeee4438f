"""TIFFs of every layout, and the levels of what is made of them."""

from typing import Any

import numpy as np

from imaging.studio import Studio, pixels
from imaging.tiffs import (
    Samples,
    Tiff,
)

WIDE, HIGH = 64, 32


COLUMNS = np.repeat([0, 0.25, 0.5, 1.0], WIDE // 4)[np.newaxis, :].repeat(HIGH, 0)


HALF = np.full_like(COLUMNS, 0.5)


GREY = COLUMNS[..., np.newaxis]


COLORS = np.dstack([COLUMNS, COLUMNS[:, ::-1], HALF])


EXTRA, SAMPLE_FORMAT = 338, 339


UNSPECIFIED, ASSOCIATED, UNASSOCIATED = 0, 1, 2


DEPTHS = ["u1", "u2", "u4", "f2", "f4"]


ARRANGEMENTS: dict[str, dict[str, Any]] = {
    "strips": {},
    "big-endian": {"order": ">"},
    "BigTIFF": {"is_big": True},
    "big-endian BigTIFF": {"order": ">", "is_big": True},
    "tiles": {"tile": 16},
    "planes": {"has_planes": True},
    "directory last": {"directory_last": True},
}


def store(shares: Samples, depth: str) -> Samples:
    """Return shares of the range as samples of this depth."""
    kind = np.dtype(depth)
    if kind.kind in "ui":
        return np.round(shares * np.iinfo(kind).max).astype(kind)
    return shares.astype(kind)


def with_alpha(colors: Samples) -> Samples:
    return np.dstack([colors, HALF])


def render(studio: Studio, tiff: Tiff, mode: str = "RGBA") -> Samples:
    """Return the middle pixel of each column of the output."""
    file = studio.inputs / "in.tif"
    file.write_bytes(tiff.encode())
    made = pixels(studio.make(file, format="png"), mode)
    assert made.shape[:2] == tiff.samples.shape[:2]
    return made[HIGH // 2, WIDE // 8 :: WIDE // 4]


def levels(shares: Samples, alpha: float = 1) -> Samples:
    """Return what `render` should: RGBA with 8 bits."""
    row = shares[HIGH // 2, WIDE // 8 :: WIDE // 4]
    colors = row.repeat(3, 1) if row.shape[1] == 1 else row
    return np.column_stack([colors, np.full(len(row), alpha)]) * 255
