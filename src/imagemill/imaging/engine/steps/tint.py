"""Step `tint`: gives pixels the hue of one colour and leaves their lightness, as sharp does.

Chroma is that of the colour at middle lightness and falls to none at black and white, which have no
chroma in any colour space: with the full one they would become a dark and a pale colour.
"""

from imagemill.imaging.color.gray import admit_color
from imagemill.imaging.color.lab import color_to_lab
from imagemill.imaging.color.lightness import apply_in_lab
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    color, space = output.tint, output.color_space
    if color is None:
        return picture
    _, a, b = color_to_lab(color, picture.first)(0, 0)
    return picture.map_frames(
        lambda image: apply_in_lab(
            admit_color(image, color, space), lambda lab: _set_chroma(lab, a, b)
        )
    )


def _set_chroma(lab: Image, a: float, b: float) -> Image:
    """Return the image with this chroma, weighed by `1 - 4 (L - 0.5)²` for L from 0 to 1.

    Source: sharp, `Tint` in src/operations.cc.
    """
    lightness = lab[0]
    from_middle = lightness / 100 - 0.5
    weight = 1 - from_middle * from_middle * 4
    return lightness.bandjoin([weight * a, weight * b]).copy(interpretation="lab")
