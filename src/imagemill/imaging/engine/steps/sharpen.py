"""Step `sharpen`: an unsharp mask on lightness, stronger on edges, with sharp's default amounts."""

from typing import Final

from imagemill.imaging.color.alpha import apply_premultiplied
from imagemill.imaging.color.levels import get_max_level
from imagemill.imaging.color.lightness import apply_in_lab
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output

# A difference from the surroundings, in L of 0 to 100, is added once up to 2 and twice beyond;
# no pixel gets lighter by more than 10 or darker by more than 20.
AMOUNTS: Final = {"m1": 1, "m2": 2, "x1": 2, "y2": 10, "y3": 20}


def apply(picture: Picture, output: Output) -> Picture:
    sigma = output.sharpen
    if sigma is None:
        return picture
    return picture.map_frames(lambda image: _sharpen_visible(image, sigma))


def _sharpen_visible(image: Image, sigma: float) -> Image:
    if not image.hasalpha():
        return _sharpen(image, sigma)
    sharpened = _sharpen(_fill_hidden_colors(image, sigma), sigma)
    return sharpened.bandjoin(image[image.bands - 1])


def _sharpen(image: Image, sigma: float) -> Image:
    return apply_in_lab(
        image,
        lambda lab: lab.colourspace("labs").sharpen(sigma=sigma, **AMOUNTS).colourspace("lab"),
    )


def _fill_hidden_colors(image: Image, sigma: float) -> Image:
    """Return opaque colours, in which transparent pixels have the colours of visible neighbours.

    Their own would count as surroundings, and an edge of alpha as an edge of lightness.
    """
    around = apply_premultiplied(image, lambda visible: visible.gaussblur(sigma, min_ampl=0.01))
    colors = image.bands - 1
    opacity = image[colors] / get_max_level(image)
    filled = image[:colors] * opacity + around[:colors] * (opacity * -1 + 1)
    return filled.rint().cast(image.format).copy(interpretation=image.interpretation)
