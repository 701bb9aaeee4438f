"""Adds background outside the picture, whatever its size."""

from dataclasses import replace

from imagemill.imaging.canvas import ready_for
from imagemill.imaging.geometry import padded
from imagemill.imaging.measures import Edges
from imagemill.imaging.picture import Picture
from imagemill.imaging.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    size = padded(picture.size, output)
    if size == picture.size:
        return picture
    edges = Edges.of(output.pad)
    image, background = ready_for(picture.image, output.background)
    image = image.embed(
        edges.left,
        edges.top,
        size.width,
        size.height,
        extend="background",
        background=background,
    )
    return replace(picture, image=image, size=size)
