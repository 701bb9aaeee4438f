"""Step `blur`: a Gaussian of the given sigma; beyond an edge, its pixels are repeated."""

from functools import partial
from typing import Final

from imagemill.imaging.color.alpha import apply_premultiplied
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output

# The kernel ends where the Gaussian falls below this share of its peak. libvips' default, a fifth,
# would make the blur a seventh narrower than its sigma says.
CUT_OFF: Final = 0.01

# From this sigma on, the kernel has integers: results differ by a level or two, and wide kernels of
# floats take fifty times the time (17 s for 4 megapixels and a sigma of 100).
WIDE: Final = 10


def apply(picture: Picture, output: Output) -> Picture:
    sigma = output.blur
    if sigma is None:
        return picture
    blur = partial(_blur, sigma=sigma)
    return picture.map_frames(lambda image: apply_premultiplied(image, blur), mixes=True)


def _blur(image: Image, sigma: float) -> Image:
    precision = "float" if sigma < WIDE else "integer"
    blurred = image.gaussblur(sigma, min_ampl=CUT_OFF, precision=precision)
    return blurred.rint().cast(image.format).copy(interpretation=image.interpretation)
