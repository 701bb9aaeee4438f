"""CIE Lab from linear light and back by its formulas, for light beyond white too.

libvips' own conversion is a table that ends at white. Source: CIE 15:2018, 8.2.1, with D50 as in
ICC profiles.
"""

from typing import Final

from imagemill.imaging.color.chromaticities import D50, Chromaticities, invert
from imagemill.imaging.libvips import Image

# Where the cube root gives way to a straight line.
KNEE: Final = 6 / 29
SLOPE: Final = 3 * KNEE**2


def light_to_lab(light: Image, space: Chromaticities) -> Image:
    """Return L, a and b of linear light; white, of 1 in each channel, has an L of 100."""
    ratio = _recomb(light, space.to_d50()) / list(D50)
    root = (ratio > KNEE**3).ifthenelse(_raise(ratio, 1 / 3), ratio / SLOPE + 4 / 29)
    lab = root.recomb(Image.new_from_array([[0, 116, 0], [500, -500, 0], [0, 200, -200]]))
    return lab.linear([1, 1, 1], [-16, 0, 0]).copy(interpretation="lab")


def lab_to_light(lab: Image, space: Chromaticities) -> Image:
    """Return linear light of `space`, negative where it lacks a colour."""
    of_lightness = [1 / 116, 0, 0]
    matrix = [[1 / 116, 1 / 500, 0], of_lightness, [1 / 116, 0, -1 / 200]]
    root = lab.linear([1, 1, 1], [16, 0, 0]).recomb(Image.new_from_array(matrix))
    ratio = (root > KNEE).ifthenelse(root * root * root, (root - 4 / 29) * SLOPE)
    light = _recomb(ratio * list(D50), invert(space.to_d50()))
    return light.copy(interpretation="multiband")


def _raise(ratio: Image, power: float) -> Image:
    return (ratio > 0).ifthenelse(ratio, 0) ** power


def _recomb(image: Image, matrix: tuple[tuple[float, ...], ...]) -> Image:
    return image.recomb(Image.new_from_array([list(row) for row in matrix]))
