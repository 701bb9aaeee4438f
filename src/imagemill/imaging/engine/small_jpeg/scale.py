"""Scaling of pixels with Lanczos 3, by fast_image_resize, whose kernel uses SIMD instructions.

Its package has no wheel for Linux on ARM. Where it is missing, libvips does everything.
"""

from types import MappingProxyType
from typing import Final

import numpy as np

from imagemill.imaging.engine.decoders.libjpeg_turbo import Pixels
from imagemill.imaging.engine.geometry import Size

try:
    from cykooz_resizer import FilterType, ImageData, PixelType, ResizeAlg, ResizeOptions, Resizer
except ImportError:
    IS_INSTALLED = False
else:
    IS_INSTALLED = True
    OPTIONS = ResizeOptions(ResizeAlg.convolution(FilterType.lanczos3), use_alpha=False)
    TYPES = MappingProxyType({1: PixelType.U8, 3: PixelType.U8x3})

# From this factor on, libvips averages pixels before it scales the rest of the way.
MAX_FACTOR: Final = 4


def scale(pixels: Pixels, to: Size) -> Pixels:
    """Return the picture in this size, which is no larger.

    Raises ValueError when a side is divided by MAX_FACTOR or more.
    """
    height, width, bands = pixels.shape
    if (width, height) == (to.width, to.height):
        return pixels
    if max(width / to.width, height / to.height) >= MAX_FACTOR:
        raise ValueError(f"scaling from {width}x{height} to {to}")
    source = ImageData(width, height, TYPES[bands], pixels.tobytes())
    target = ImageData(to.width, to.height, TYPES[bands])
    # A resizer keeps levels of its last picture, so that each picture has its own.
    Resizer().resize(source, target, OPTIONS)
    return np.frombuffer(target.get_buffer(), np.uint8).reshape(to.height, to.width, bands)
