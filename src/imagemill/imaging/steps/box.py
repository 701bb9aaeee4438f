"""Meets the box: cuts what stands out of it, fills what lacks with the background."""

from dataclasses import replace

from imagemill.imaging.canvas import ready_for
from imagemill.imaging.geometry import Size
from imagemill.imaging.libvips import Image
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    size, box = picture.size, picture.box
    if box is None or box == size:
        return picture
    if box.width < size.width or box.height < size.height:
        return replace(picture, image=_cut(picture.image, size, box), size=box)
    return replace(picture, image=_filled(picture.image, size, box, output), size=box)


def _cut(image: Image, size: Size, box: Size) -> Image:
    left, top = (size.width - box.width) // 2, (size.height - box.height) // 2
    return image.crop(left, top, box.width, box.height)


def _filled(image: Image, size: Size, box: Size, output: Output) -> Image:
    left, top = (box.width - size.width) // 2, (box.height - size.height) // 2
    image, background = ready_for(image, output.background)
    return image.embed(left, top, box.width, box.height, extend="background", background=background)
