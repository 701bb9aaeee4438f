"""Step `modulate`: scales lightness and chroma and rotates the hue of CIE LCh, as sharp does.

A colour that is darkened keeps its chroma as far as there are colours so dark with so much of it.
So `brightness` 0 gives black; sharp leaves a blue (0, 0, 162) of a pure one.
"""

from math import cos, radians, sin
from typing import Final

from imagemill.imaging.color.lightness import apply_in_lab
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Modulation, Output

# Of all colours of sRGB and Display P3, blue has most chroma for its lightness: 4.1 and 4.4 times.
MAX_CHROMA: Final = 4.5


def apply(picture: Picture, output: Output) -> Picture:
    modulation = output.modulate
    if modulation is None:
        return picture
    matrix = _build_matrix(modulation)
    return picture.map_frames(
        lambda image: apply_in_lab(image, lambda lab: _modulate(lab, matrix, modulation))
    )


def _modulate(lab: Image, matrix: Image, modulation: Modulation) -> Image:
    changed = lab.recomb(matrix)
    return _limit_chroma(changed) if modulation.brightness < 1 else changed


def _build_matrix(modulation: Modulation) -> Image:
    """Return the matrix on L, a and b; rotating a and b changes the hue, scaling them chroma."""
    angle = radians(modulation.hue)
    across, down = modulation.saturation * cos(angle), modulation.saturation * sin(angle)
    return Image.new_from_array(
        [[modulation.brightness, 0, 0], [0, across, -down], [0, down, across]]
    )


def _limit_chroma(lab: Image) -> Image:
    """Return the image with chroma of at most MAX_CHROMA times the lightness."""
    lightness, colors = lab[0], lab[1:]
    chroma, most = (colors * colors).bandmean() * 2, lightness * MAX_CHROMA
    is_beyond = chroma > most * most
    limited = is_beyond.ifthenelse(colors * (most / chroma**0.5), colors)
    return lightness.bandjoin(limited).copy(interpretation="lab")
