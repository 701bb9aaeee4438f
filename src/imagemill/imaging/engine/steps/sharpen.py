"""Sharpens lightness by an unsharp mask, edges more than flat areas, with sharp's own amounts."""

from typing import Final

from imagemill.imaging.color.alpha import premultiplied
from imagemill.imaging.color.levels import highest
from imagemill.imaging.color.lightness import in_lab
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.pipeline import Output

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
    sharpened = _sharpened(_with_hidden_colours_filled(image, sigma), sigma)
    return sharpened.bandjoin(image[image.bands - 1])


def _sharpened(image: Image, sigma: float) -> Image:
    return in_lab(
        image,
        lambda lab: lab.colourspace("labs").sharpen(sigma=sigma, **AMOUNTS).colourspace("lab"),
    )


def _with_hidden_colours_filled(image: Image, sigma: float) -> Image:
    """Return opaque colours: those of transparent pixels are taken from what is visible around.

    Else their own would count as surroundings, and an edge of opacity as one of light.
    """
    around = premultiplied(image, lambda visible: visible.gaussblur(sigma, min_ampl=0.01))
    colours = image.bands - 1
    opacity = image[colours] / highest(image)
    filled = image[:colours] * opacity + around[:colours] * (opacity * -1 + 1)
    return filled.rint().cast(image.format).copy(interpretation=image.interpretation)
