"""Scales the picture, and notes the box that it is to fill."""

from dataclasses import replace

from imagemill.imaging.alpha import premultiplied
from imagemill.imaging.geometry import Size, place
from imagemill.imaging.libvips import Image
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    placement = place(picture.size, output)
    return replace(
        picture,
        image=_scaled(picture.image, placement.scaled),
        size=placement.scaled,
        box=placement.box,
    )


def _scaled(image: Image, to: Size) -> Image:
    if (image.width, image.height) == (to.width, to.height):
        return image
    across, down = to.width / image.width, to.height / image.height
    return premultiplied(
        image, lambda visible: visible.resize(across, vscale=down, kernel="lanczos3")
    )
