"""Step `tint`: sets hue and chroma to those of one colour and leaves lightness, as sharp does."""

from imagemill.imaging.color.lab import color_to_lab
from imagemill.imaging.color.lightness import set_chroma
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    if output.tint is None:
        return picture
    _, a, b = color_to_lab(output.tint, picture.first)(0, 0)
    return picture.map_frames(lambda image: set_chroma(image, a, b))
