"""How much two pictures of one size differ: colour differences, and structural similarity."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from imaging.studio import lab

Floats = NDArray[np.float64]

SSIM_SIDE = 8


def color_differences(one: Image.Image, other: Image.Image) -> Floats:
    """Return the CIEDE2000 difference of each pixel; 1 is about the least that an eye can see."""
    return ciede2000(lab(one), lab(other))


def ciede2000(one: Floats, other: Floats) -> Floats:
    """Return the difference of colours in CIE Lab, the last axis.

    Source: G. Sharma, W. Wu, E. Dalal, "The CIEDE2000 Color-Difference Formula", 2005.
    """
    mean_chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(other[..., 1], other[..., 2])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7))
    chroma, hue = [], []
    for color in (one, other):
        red, yellow = color[..., 1] * stretch, color[..., 2]
        chroma.append(np.hypot(red, yellow))
        hue.append(np.degrees(np.arctan2(yellow, red)) % 360)
    is_grey = chroma[0] * chroma[1] == 0
    turn = np.where(is_grey, 0, (hue[1] - hue[0] + 180) % 360 - 180)
    # The mean of opposite hues is taken the way round that passes zero when their sum is large.
    apart = np.abs(hue[0] - hue[1]) > 180
    middle = (hue[0] + hue[1]) / 2 + np.where(apart, 180, 0)
    middle = np.where(is_grey, hue[0] + hue[1], middle % 360)
    lightness, mean_chroma = (one[..., 0] + other[..., 0]) / 2, (chroma[0] + chroma[1]) / 2

    def cosine(degrees: Floats) -> Floats:
        return np.asarray(np.cos(np.radians(degrees)))

    weight = (
        1
        - 0.17 * cosine(middle - 30)
        + 0.24 * cosine(2 * middle)
        + 0.32 * cosine(3 * middle + 6)
        - 0.20 * cosine(4 * middle - 63)
    )
    of_lightness = (other[..., 0] - one[..., 0]) / (
        1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    )
    of_chroma = (chroma[1] - chroma[0]) / (1 + 0.045 * mean_chroma)
    of_hue = 2 * np.sqrt(chroma[0] * chroma[1]) * np.sin(np.radians(turn / 2))
    of_hue /= 1 + 0.015 * mean_chroma * weight
    rotation = -2 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7))
    rotation *= np.sin(np.radians(60 * np.exp(-(((middle - 275) / 25) ** 2))))
    square = of_lightness**2 + of_chroma**2 + of_hue**2 + rotation * of_chroma * of_hue
    return np.asarray(np.sqrt(np.maximum(0, square)))


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Return the mean structural similarity of the lightness, 1 for equal pictures.

    Of all squares of 8 pixels, weighed alike. Source: Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli,
    "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004.
    """
    squares = [
        sliding_window_view(
            np.asarray(picture.convert("L"), float),
            (min(SSIM_SIDE, picture.height), min(SSIM_SIDE, picture.width)),
        )
        for picture in (one, other)
    ]
    means = [square.mean((-1, -2)) for square in squares]
    variances = [square.var((-1, -2)) for square in squares]
    covariance = (squares[0] * squares[1]).mean((-1, -2)) - means[0] * means[1]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * means[0] * means[1] + c1) * (2 * covariance + c2)
    likeness /= (means[0] ** 2 + means[1] ** 2 + c1) * (variances[0] + variances[1] + c2)
    return float(likeness.mean())
