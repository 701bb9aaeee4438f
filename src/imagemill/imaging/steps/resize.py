"""Scales the picture, and notes the box that it is to fill."""

from dataclasses import replace

from imagemill.imaging.gamma import darkened
from imagemill.imaging.geometry import Size, place
from imagemill.imaging.libvips import Image
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output
from imagemill.imaging.scaling import resized


def apply(picture: Picture, output: Output) -> Picture:
    placement = place(picture.size, output)
    scaled = picture.changed(
        lambda image: _scaled(image, placement.scaled, output.gamma), placement.scaled
    )
    return replace(scaled, box=placement.box)


def _scaled(image: Image, to: Size, gamma: float | None) -> Image:
    if (image.width, image.height) == (to.width, to.height):
        return image
    if gamma is None:
        return resized(image, to)
    return darkened(image, gamma, lambda dark: resized(dark, to))
