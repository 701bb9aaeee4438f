"""Step `pad`: adds background around the picture."""

from imagemill.imaging.engine.canvas import place_on_canvas
from imagemill.imaging.engine.geometry import pad_edges, pad_size
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    size = pad_size(picture.size, output)
    if size == picture.size:
        return picture
    _, _, _, left = edges = pad_edges(output)
    return picture.map_frames(
        lambda image: place_on_canvas(output, image, left, edges[0], size), size
    )
