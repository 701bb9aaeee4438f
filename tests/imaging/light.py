"""Formulas of PQ and HLG: light in nits from the signal and back. Source: ITU-R BT.2100-3."""

import numpy as np

from imaging.spaces import SRGB, Levels, Space

BT2020 = Space((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
DIFFUSE_WHITE = 203

# Weights of red, green and blue in luminance. Source: ITU-R BT.2020, table 4.
LUMINANCE_2020 = np.array([0.2627, 0.6780, 0.0593])


def pq(nits: Levels) -> Levels:
    """Return the signal, 0 to 1 (the inverse EOTF of table 4)."""
    power = (np.asarray(nits, float) / 10000) ** (1305 / 8192)
    share = (107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)
    return np.asarray(share ** (2523 / 32))


def hlg_nits(signal: Levels) -> Levels:
    """Return red, green and blue on a display of 1,000 nits (table 5)."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    signal = np.asarray(signal, float)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(1000 * (scene @ LUMINANCE_2020)[..., np.newaxis] ** 0.2 * scene)


def to_linear_srgb(light: Levels, of: Space) -> Levels:
    return np.asarray(light @ of.to_xyz().T @ np.linalg.inv(SRGB.to_xyz()).T)


def shown(nits: Levels, of: Space = BT2020) -> Levels:
    """Return what sRGB has for light of up to 70 nits, 0 to 255."""
    return SRGB.coded(to_linear_srgb(np.asarray(nits, float) / DIFFUSE_WHITE, of)) * 255


def converted(signal: Levels, of: Space) -> Levels:
    """Return the levels of sRGB, 0 to 255, for a signal of 0 to 1."""
    return SRGB.coded(to_linear_srgb(of.linear(np.asarray(signal, float)), of)) * 255
