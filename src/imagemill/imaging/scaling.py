"""Scales pixels: the one kernel for everything that changes its size."""

from imagemill.imaging.alpha import premultiplied
from imagemill.imaging.geometry import Size
from imagemill.imaging.libvips import Image


def resized(image: Image, to: Size) -> Image:
    across, down = to.width / image.width, to.height / image.height
    return premultiplied(
        image, lambda visible: visible.resize(across, vscale=down, kernel="lanczos3")
    )
