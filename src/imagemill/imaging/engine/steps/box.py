"""Meets the box: cuts what stands out of it, fills what lacks with the background."""

from imagemill.imaging.color.profiles import to_srgb
from imagemill.imaging.engine.canvas import place_on_canvas
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.engine.position import align, center_on
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.field_types import STRATEGIES, Focus
from imagemill.imaging.spec.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    size, box = picture.size, picture.box
    if box is None or box == size:
        return picture
    if box.width < size.width or box.height < size.height:
        left, top = _find_cut(picture.first, size, box, output)
        return picture.changed(lambda image: image.crop(left, top, box.width, box.height), box)
    left, top = align(size, box, str(output.position))
    return picture.changed(
        lambda image: place_on_canvas(output.background, image, left, top, box), box
    )


def _find_cut(first: Image, size: Size, box: Size, output: Output) -> tuple[int, int]:
    """Return left and top of what is kept, as the first frame has it, or the position says."""
    position = output.position
    if position in STRATEGIES:
        # The strategies know sRGB. libvips notes where the whole lies in the part that it kept.
        kept = to_srgb(first).smartcrop(box.width, box.height, interesting=position)
        return -kept.xoffset, -kept.yoffset
    if isinstance(position, Focus):
        return center_on(box, size, position)
    return align(box, size, position)
