"""Meets the box: cuts what stands out of it, fills what lacks with the background."""

from dataclasses import replace

from imagemill.imaging.canvas import ready_for
from imagemill.imaging.geometry import Size
from imagemill.imaging.libvips import Image
from imagemill.imaging.measures import STRATEGIES, Focus
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output
from imagemill.imaging.position import centred, laid


def apply(picture: Picture, output: Output) -> Picture:
    size, box = picture.size, picture.box
    if box is None or box == size:
        return picture
    if box.width < size.width or box.height < size.height:
        return replace(picture, image=_cut(picture.image, size, box, output), size=box)
    return replace(picture, image=_filled(picture.image, size, box, output), size=box)


def _cut(image: Image, size: Size, box: Size, output: Output) -> Image:
    position = output.position
    if position in STRATEGIES:
        return image.smartcrop(box.width, box.height, interesting=position)
    if isinstance(position, Focus):
        left, top = centred(box, size, position)
    else:
        left, top = laid(box, size, position)
    return image.crop(left, top, box.width, box.height)


def _filled(image: Image, size: Size, box: Size, output: Output) -> Image:
    left, top = laid(size, box, str(output.position))
    image, background = ready_for(image, output.background)
    return image.embed(left, top, box.width, box.height, extend="background", background=background)
