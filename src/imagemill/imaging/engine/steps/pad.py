"""Adds background outside the picture, whatever its size."""

from imagemill.imaging.engine.canvas import place_on
from imagemill.imaging.engine.geometry import padded
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.field_types import Edges
from imagemill.imaging.spec.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    size = padded(picture.size, output)
    if size == picture.size:
        return picture
    edges = Edges.of(output.pad)
    return picture.changed(
        lambda image: place_on(output.background, image, edges.left, edges.top, size), size
    )
