"""Step `pad`: adds background around the picture."""

from imagemill.imaging.engine.canvas import place_on_canvas
from imagemill.imaging.engine.geometry import pad_size
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.field_types import Edges
from imagemill.imaging.spec.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    size = pad_size(picture.size, output)
    if size == picture.size:
        return picture
    edges = Edges.of(output.pad)
    return picture.map_frames(
        lambda image: place_on_canvas(output.background, image, edges.left, edges.top, size), size
    )
