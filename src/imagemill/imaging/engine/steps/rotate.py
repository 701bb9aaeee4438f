"""Step `rotate`: turns the picture clockwise, exactly by quarters, else on a larger canvas."""

from math import cos, radians, sin
from typing import Final

from imagemill.imaging.color.alpha import apply_premultiplied
from imagemill.imaging.color.levels import get_max_level
from imagemill.imaging.color.profiles import convert_to_space
from imagemill.imaging.engine.canvas import prepare_background
from imagemill.imaging.engine.geometry import Size, rotate_size
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.libvips import Image, Interpolate
from imagemill.imaging.spec.plain import Output

QUARTER: Final = 90
FULL: Final = 360


def apply(picture: Picture, output: Output) -> Picture:
    degrees = output.rotate % FULL
    if degrees == 0:
        return picture
    return picture.map_frames(
        lambda image: _turn(image, degrees, output),
        rotate_size(picture.size, degrees),
        mixes=degrees % QUARTER != 0,
    )


def _turn(image: Image, degrees: float, output: Output) -> Image:
    if degrees % QUARTER == 0:
        return image.rot(f"d{degrees:.0f}")
    return _slant(convert_to_space(image, output.color_space), degrees, output)


def _slant(image: Image, degrees: float, output: Output) -> Image:
    """Rotate about the centre, in the output's colour space, which has the background's colour."""
    image, color = prepare_background(image, output)
    canvas = rotate_size(Size(image.width, image.height), degrees)
    cosine, sine = cos(radians(degrees)), sin(radians(degrees))
    if image.hasalpha():
        opacity = color[-1] / get_max_level(image)
        color = [*(level * opacity for level in color[:-1]), color[-1]]
    return apply_premultiplied(
        image,
        lambda visible: visible.affine(
            [cosine, -sine, sine, cosine],
            interpolate=Interpolate.new("bicubic"),
            oarea=[0, 0, canvas.width, canvas.height],
            # Centre maps to centre; libvips measures from the middle of the first pixel.
            idx=-(image.width - 1) / 2,
            idy=-(image.height - 1) / 2,
            odx=(canvas.width - 1) / 2,
            ody=(canvas.height - 1) / 2,
            extend="background",
            background=color,
            premultiplied=True,
        ),
    )
