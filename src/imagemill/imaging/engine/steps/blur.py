"""Blurs with a Gaussian of the given sigma, edges counting as going on for ever."""

from functools import partial
from typing import Final

from imagemill.imaging.color.alpha import apply_premultiplied
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.pipeline import Output

# How much of its peak a Gaussian has where it is cut off. libvips' own, a fifth, cuts into the
# curve: the blur would be a seventh narrower than asked.
CUT_OFF: Final = 0.01

# From here on a kernel of whole numbers is as good: it is off by a level or two, and wide kernels
# of floats take fifty times the time (17 s for 4 megapixels and a sigma of 100).
WIDE: Final = 10


def apply(picture: Picture, output: Output) -> Picture:
    sigma = output.blur
    if sigma is None:
        return picture
    blurred = partial(_blur, sigma=sigma)
    return picture.changed(lambda image: apply_premultiplied(image, blurred))


def _blur(image: Image, sigma: float) -> Image:
    precision = "float" if sigma < WIDE else "integer"
    blurred = image.gaussblur(sigma, min_ampl=CUT_OFF, precision=precision)
    return blurred.rint().cast(image.format).copy(interpretation=image.interpretation)
