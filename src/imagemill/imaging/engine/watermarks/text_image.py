"""Drawing of text in the font that comes with imagemill, so that all machines draw the same."""

import os
from collections.abc import Callable
from html import escape
from math import ceil
from pathlib import Path
from typing import Final

from fontpkg_noto_sans import FAMILY, ROOT

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.scaling import resize_image
from imagemill.imaging.libvips import Image, VipsError

# The only file that is read, when a process draws its first text.
FONT: Final = Path(ROOT, "files", "NotoSans[wdth,wght].ttf")
SETTINGS: Final = Path(__file__).with_name("fonts.conf")

os.environ["FONTCONFIG_FILE"] = str(SETTINGS)
os.environ["PANGOCAIRO_BACKEND"] = "fontconfig"  # macOS would use its own fonts

# Pixels per em of a first drawing. Pango places letters on whole pixels, so that smaller ones are
# spaced unevenly; of a larger size, 200 of the widest letter, of three em, exceed cairo's 32767.
ROUGH_EM: Final = 48
MAX_EM: Final = 65535  # FreeType counts them in 16 bits

PIXELS_AN_INCH: Final = 72  # then a point is a pixel
NOTHING_TO_SEE: Final = "no text to render"


def draw_text(text: str, fit: Callable[[Size], Size]) -> Image:
    """Return the text as one band of opacity, 0 to 255, scaled by `fit`.

    `fit` maps the size of a drawing to the size wanted, of the same ratio. A character that the
    font lacks is drawn as a box with its number.
    """
    rough = _draw(text, ROUGH_EM)
    em = min(MAX_EM, ceil(ROUGH_EM * fit(_measure(rough)).width / rough.width))
    fine = rough if em <= ROUGH_EM else _draw(text, em)
    return resize_image(fine, fit(_measure(fine)))


def _draw(text: str, em: int) -> Image:
    """Draw the text, cropped to its visible pixels."""
    try:
        return Image.text(
            escape(text, quote=False), font=f"{FAMILY} {em}", fontfile=str(FONT), dpi=PIXELS_AN_INCH
        )
    except VipsError as error:
        if NOTHING_TO_SEE not in str(error):
            raise
        return Image.black(1, 1)


def _measure(image: Image) -> Size:
    return Size(image.width, image.height)
