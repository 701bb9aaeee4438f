"""Step `crop`: cuts a rectangle out of the oriented and rotated picture."""

from imagemill.imaging.engine.geometry import crop_size
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    area, first = output.crop, picture.first
    if area is None:
        return picture
    size = crop_size(picture.size, output)
    left, width = find_span(area.left, size.width, first.width, picture.size.width)
    top, height = find_span(area.top, size.height, first.height, picture.size.height)
    return picture.map_frames(lambda image: image.crop(left, top, width, height), size)


def find_span(start: int, length: int, decoded: int, nominal: int) -> tuple[int, int]:
    """Return start and length in pixels of an image decoded smaller than its nominal size."""
    first = min(decoded - 1, round(start * decoded / nominal))
    beyond = round((start + length) * decoded / nominal)
    return first, max(1, beyond - first)
