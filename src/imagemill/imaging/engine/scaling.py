"""Scales pixels: the one kernel for everything that changes its size."""

from imagemill.imaging.color.alpha import apply_premultiplied
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.libvips import Image


def resize_image(image: Image, to: Size) -> Image:
    across, down = to.width / image.width, to.height / image.height
    return apply_premultiplied(image, lambda visible: _resize(visible, across, down))


def _resize(image: Image, across: float, down: float) -> Image:
    """Mix whole numbers as libvips does, with weights of 12 bits; but those of 16 bits in floats.

    Else white and opaque would lose a thousandth.
    """
    if image.format == "uchar":
        return image.resize(across, vscale=down, kernel="lanczos3")
    mixed = image.cast("float").resize(across, vscale=down, kernel="lanczos3")
    return mixed.rint().cast(image.format)
