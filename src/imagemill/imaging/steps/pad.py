"""Adds background outside the picture, whatever its size."""

from imagemill.imaging.canvas import laid_on
from imagemill.imaging.geometry import padded
from imagemill.imaging.measures import Edges
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    size = padded(picture.size, output)
    if size == picture.size:
        return picture
    edges = Edges.of(output.pad)
    return picture.changed(
        lambda image: laid_on(output.background, image, edges.left, edges.top, size), size
    )
