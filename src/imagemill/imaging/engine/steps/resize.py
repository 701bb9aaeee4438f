"""Step `resize`: scales the picture, and sets the box that it is to fill."""

from dataclasses import replace

from imagemill.imaging.color.gamma import apply_gamma
from imagemill.imaging.color.profiles import convert_to_space
from imagemill.imaging.engine.geometry import Size, place
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.engine.scaling import resize_image
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    placement = place(picture.size, output)
    scaled = picture.map_frames(
        lambda image: _scale(image, placement.scaled, output),
        placement.scaled,
        mixes=placement.scaled != picture.size,
    )
    return replace(scaled, box=placement.box)


def _scale(image: Image, to: Size, output: Output) -> Image:
    if (image.width, image.height) == (to.width, to.height):
        return image
    if output.gamma is None:
        return resize_image(image, to)
    levels = convert_to_space(image, output.color_space)
    return apply_gamma(levels, output.gamma, lambda dark: resize_image(dark, to))
