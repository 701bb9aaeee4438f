"""RGB spaces and their profiles, from primaries and formulas: no library of colours is used.

Lab is the one of ICC profiles: of D50, to which colours are adapted by Bradford's matrix.
Sources: IEC 61966-2-1 (sRGB); SMPTE EG 432-1 and Apple (Display P3); Adobe RGB (1998), 4.3;
CIE 15 (Lab); ICC.1:2022, annex E (adaptation) and 10 (tags).
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.float64]

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
D65 = (0.3127, 0.3290)


@dataclass(frozen=True)
class Space:
    """Primaries and white as x and y; the curve is sRGB's when `gamma` is None."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    gamma: float | None = None

    def linear(self, levels: Levels) -> Levels:
        if self.gamma:
            return levels**self.gamma
        return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)

    def coded(self, linear: Levels) -> Levels:
        linear = linear.clip(0, 1)
        if self.gamma:
            return linear ** (1 / self.gamma)
        return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)

    def to_xyz(self) -> Levels:
        """Return the matrix from light to XYZ adapted to D50, columns for red, green and blue."""
        primaries = np.stack([xyz(*self.red), xyz(*self.green), xyz(*self.blue)], -1)
        white = xyz(*D65)
        cones = (BRADFORD @ D50) / (BRADFORD @ white)
        adapted = np.linalg.inv(BRADFORD) @ np.diag(cones) @ BRADFORD
        return np.asarray(adapted @ primaries * np.linalg.solve(primaries, white))

    def lab(self, levels: Levels) -> Levels:
        """Return L, a and b of levels from 0 to 1."""
        return lab_of(self.linear(levels) @ self.to_xyz().T)

    def from_lab(self, lab: Levels) -> Levels:
        """Return levels from 0 to 1; colours that the space lacks are cut to its edge."""
        y = (lab[..., 0] + 16) / 116
        f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], -1)
        ratio = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
        return self.coded((ratio * D50) @ np.linalg.inv(self.to_xyz()).T)

    def profile(self) -> bytes:
        curve = _parametric(self.gamma)
        columns = self.to_xyz().T
        tags = {b"rXYZ": columns[0], b"gXYZ": columns[1], b"bXYZ": columns[2], b"wtpt": D50}
        packed = {name: b"XYZ \0\0\0\0" + _fixed(*value) for name, value in tags.items()}
        return _profile(b"RGB ", packed | {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})


def gray_profile(gamma: float) -> bytes:
    white = b"XYZ \0\0\0\0" + _fixed(*D50)
    return _profile(b"GRAY", {b"wtpt": white, b"kTRC": _parametric(gamma)})


def scanner_profile() -> bytes:
    """Return a profile that leads from RGB to Lab by a table of eight corners, and not back."""
    corners = [(red + green + blue) / 3 for red in (0, 1) for green in (0, 1) for blue in (0, 1)]
    table = b"".join(struct.pack(">3H", round(light * 65280), 32768, 32768) for light in corners)
    straight = struct.pack(">2H", 0, 65535) * 3
    shape = b"\3\3\2\0" + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + struct.pack(">2H", 2, 2)
    tag = b"mft2\0\0\0\0" + shape + straight + table + straight
    return _profile(b"RGB ", {b"A2B0": tag, b"wtpt": b"XYZ \0\0\0\0" + _fixed(*D50)}, b"Lab ")


SRGB = Space((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3 = Space((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE = Space((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), gamma=563 / 256)


def xyz(x: float, y: float) -> Levels:
    return np.array([x / y, 1, (1 - x - y) / y])


def lab_of(xyz_of_d50: Levels) -> Levels:
    ratio = xyz_of_d50 / D50
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def distances(one: Levels, other: Levels) -> Levels:
    """Return the CIE76 difference of each pixel; 1 is about the least that an eye can see."""
    return np.asarray(np.linalg.norm(one - other, axis=-1))


def _parametric(gamma: float | None) -> bytes:
    if gamma:
        return b"para\0\0\0\0\0\0\0\0" + _fixed(gamma)
    return b"para\0\0\0\0\0\3\0\0" + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _profile(space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, tag in tags.items():
        table += name + struct.pack(">II", start + len(data), len(tag))
        data += tag.ljust((len(tag) + 3) // 4 * 4, b"\0")
    size = struct.pack(">I", start + len(data))
    version = b"\2\x40\0\0" if connection == b"Lab " else b"\4\x30\0\0"
    kind = version + b"mntr" + space + connection
    header = size + bytes(4) + kind + bytes(12) + b"acsp" + bytes(28) + _fixed(*D50)
    return header.ljust(128, b"\0") + table + data
