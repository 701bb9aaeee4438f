"""Step `sharpen`: an unsharp mask on lightness, stronger on edges, with sharp's default amounts."""

from collections.abc import Mapping
from typing import Final

from imagemill.imaging.color.alpha import apply_premultiplied
from imagemill.imaging.color.lab import WHITE, get_highest_lightness
from imagemill.imaging.color.levels import get_max_level
from imagemill.imaging.color.lightness import apply_in_lab
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output

# A difference from the surroundings, in L of 0 to 100, is added once up to 2 and twice beyond;
# no pixel gets lighter by more than 10 or darker by more than 20.
AMOUNTS: Final = {"m1": 1, "m2": 2, "x1": 2, "y2": 10, "y3": 20}
LIGHTNESSES: Final = frozenset({"x1", "y2", "y3"})


def apply(picture: Picture, output: Output) -> Picture:
    sigma = output.sharpen
    if sigma is None:
        return picture
    return picture.map_frames(lambda image: _sharpen_visible(image, sigma), mixes=True)


def _sharpen_visible(image: Image, sigma: float) -> Image:
    if not image.hasalpha():
        return _sharpen(image, sigma)
    sharpened = _sharpen(_fill_hidden_colors(image, sigma), sigma)
    return sharpened.bandjoin(image[image.bands - 1])


def _sharpen(image: Image, sigma: float) -> Image:
    highest = get_highest_lightness(image)
    if highest == WHITE:
        return apply_in_lab(image, lambda lab: _sharpen_lightness(lab, sigma, AMOUNTS))
    scale = WHITE / highest  # libvips' Lab of 16 bits ends at white
    amounts = {name: AMOUNTS[name] * (scale if name in LIGHTNESSES else 1) for name in AMOUNTS}
    return apply_in_lab(image, lambda lab: _sharpen_lightness(lab * scale, sigma, amounts) / scale)


def _sharpen_lightness(lab: Image, sigma: float, amounts: Mapping[str, float]) -> Image:
    deep = lab.copy(interpretation="lab").colourspace("labs")
    return deep.sharpen(sigma=sigma, **amounts).colourspace("lab")


def _fill_hidden_colors(image: Image, sigma: float) -> Image:
    """Return opaque colours, in which transparent pixels have the colours of visible neighbours.

    Their own would count as surroundings, and an edge of alpha as an edge of lightness.
    """
    around = apply_premultiplied(image, lambda visible: visible.gaussblur(sigma, min_ampl=0.01))
    colors = image.bands - 1
    opacity = image[colors] / get_max_level(image)
    filled = image[:colors] * opacity + around[:colors] * (opacity * -1 + 1)
    return filled.rint().cast(image.format).copy(interpretation=image.interpretation)
