"""Step `box`: crops the scaled picture to its box, or fills the rest of the box with background."""

from imagemill.imaging.color.profiles import to_srgb
from imagemill.imaging.engine.canvas import place_on_canvas
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.engine.position import align, find_cut
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.bounds import STRATEGIES
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    size, box = picture.size, picture.box
    if box is None or box == size:
        return picture
    if box.width < size.width or box.height < size.height:
        left, top = _find_cut(picture.first, size, box, output)
        return picture.map_frames(lambda image: image.crop(left, top, box.width, box.height), box)
    left, top = align(size, box, str(output.position))
    return picture.map_frames(lambda image: place_on_canvas(output, image, left, top, box), box)


def _find_cut(first: Image, size: Size, box: Size, output: Output) -> tuple[int, int]:
    """Return left and top of the part to keep, by the position and, for a strategy, the frame."""
    position = output.position
    if position in STRATEGIES:
        # The strategies know sRGB. libvips notes the offset of the whole image in the part it kept.
        kept = to_srgb(first).smartcrop(box.width, box.height, interesting=position)
        return -kept.xoffset, -kept.yoffset
    return find_cut(box, size, position)
