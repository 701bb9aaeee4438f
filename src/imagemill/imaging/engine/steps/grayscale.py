"""Takes the colour out; what is left is as light as it was.

By lightness and not by libvips' "b-w", whose rounded weights make pure blue a good deal lighter.
"""

from imagemill.imaging.color.lightness import set_chroma
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.pipeline import Output


def apply(picture: Picture, output: Output) -> Picture:
    if not output.grayscale:
        return picture
    return picture.changed(lambda image: set_chroma(image, 0, 0))
