"""Scaling of images, with the one kernel (Lanczos 3) for all outputs and watermarks."""

from imagemill.imaging.color.alpha import apply_premultiplied
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.libvips import Image


def resize_image(image: Image, to: Size) -> Image:
    across, down = to.width / image.width, to.height / image.height
    return apply_premultiplied(image, lambda visible: _resize(visible, across, down))


def _resize(image: Image, across: float, down: float) -> Image:
    """Scale 8 bits by libvips' integer kernel, 16 bits by floats.

    Integer weights have 12 bits, so that white and opaque of 16 bits would lose a thousandth.
    """
    if image.format == "uchar":
        return image.resize(across, vscale=down, kernel="lanczos3")
    mixed = image.cast("float").resize(across, vscale=down, kernel="lanczos3")
    return mixed.rint().cast(image.format)
