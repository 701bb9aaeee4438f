"""Sharpens lightness by an unsharp mask, edges more than flat areas, with sharp's own amounts."""

from typing import Final

from imagemill.imaging.alpha import premultiplied
from imagemill.imaging.libvips import Image
from imagemill.imaging.measures import OPAQUE
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output

# A difference from the surroundings, in L of 0 to 100, counts once up to 2, and twice beyond;
# nothing gets lighter by more than 10 or darker by more than 20.
AMOUNTS: Final = {"m1": 1, "m2": 2, "x1": 2, "y2": 10, "y3": 20}


def apply(picture: Picture, output: Output) -> Picture:
    sigma = output.sharpen
    if sigma is None:
        return picture
    return picture.changed(lambda image: _sharpened_as_seen(image, sigma))


def _sharpened_as_seen(image: Image, sigma: float) -> Image:
    if not image.hasalpha():
        return _sharpened(image, sigma)
    return _sharpened(_with_hidden_colours_filled(image, sigma), sigma).bandjoin(image[3])


def _sharpened(image: Image, sigma: float) -> Image:
    return image.sharpen(sigma=sigma, **AMOUNTS).colourspace("srgb")


def _with_hidden_colours_filled(image: Image, sigma: float) -> Image:
    """Return opaque colours: those of transparent pixels are taken from what is visible around.

    Else their own would count as surroundings, and an edge of opacity as one of light.
    """
    around = premultiplied(image, lambda visible: visible.gaussblur(sigma, min_ampl=0.01))
    opacity = image[3] / OPAQUE
    filled = image[:3] * opacity + around[:3] * (opacity * -1 + 1)
    return filled.rint().cast("uchar").copy(interpretation="srgb")
