"""Scales the picture, and notes the box that it is to fill."""

from dataclasses import replace

from imagemill.imaging.colour import converted
from imagemill.imaging.gamma import darkened
from imagemill.imaging.geometry import Size, place
from imagemill.imaging.libvips import Image
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output
from imagemill.imaging.scaling import resized


def apply(picture: Picture, output: Output) -> Picture:
    placement = place(picture.size, output)
    scaled = picture.changed(
        lambda image: _scaled(image, placement.scaled, output), placement.scaled
    )
    return replace(scaled, box=placement.box)


def _scaled(image: Image, to: Size, output: Output) -> Image:
    if (image.width, image.height) == (to.width, to.height):
        return image
    if output.gamma is None:
        return resized(image, to)
    levels = converted(image, output.color_space)
    return darkened(levels, output.gamma, lambda dark: resized(dark, to))
