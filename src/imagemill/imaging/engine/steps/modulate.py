"""Step `modulate`: scales lightness and chroma and rotates the hue of CIE LCh, as sharp does."""

from math import cos, radians, sin

from imagemill.imaging.color.lightness import apply_in_lab
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Modulation, Output


def apply(picture: Picture, output: Output) -> Picture:
    if output.modulate is None:
        return picture
    matrix = _build_matrix(output.modulate)
    return picture.map_frames(lambda image: apply_in_lab(image, lambda lab: lab.recomb(matrix)))


def _build_matrix(modulation: Modulation) -> Image:
    """Return the matrix on L, a and b; rotating a and b changes the hue, scaling them chroma."""
    angle = radians(modulation.hue)
    across, down = modulation.saturation * cos(angle), modulation.saturation * sin(angle)
    return Image.new_from_array(
        [[modulation.brightness, 0, 0], [0, across, -down], [0, down, across]]
    )
