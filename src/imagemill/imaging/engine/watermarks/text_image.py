"""Draws text in the one font that comes with imagemill, so that it looks alike on every machine."""

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

# Read when a process draws its first text, and no other file is needed.
FONT: Final = Path(ROOT, "files", "NotoSans[wdth,wght].ttf")
SETTINGS: Final = Path(__file__).with_name("fonts.conf")

os.environ["FONTCONFIG_FILE"] = str(SETTINGS)
os.environ["PANGOCAIRO_BACKEND"] = "fontconfig"  # macOS would look in its own fonts

# Pixels an em. Pango puts letters on whole pixels, so that smaller ones stand unevenly; and of a
# larger size, 200 of the widest, which has three em, would not fit into cairo's 32767 pixels.
ROUGH_EM: Final = 48
MAX_EM: Final = 65535  # FreeType counts them in 16 bits

PIXELS_AN_INCH: Final = 72  # then a point is a pixel
NOTHING_TO_SEE: Final = "no text to render"


def draw_text(text: str, fit: Callable[[Size], Size]) -> Image:
    """Return the text as one band that tells how opaque it is, of the size that fits.

    `fit` says what becomes of a drawing of a given size; it keeps its ratio. A character that the
    font lacks is drawn as a box with its number in it.
    """
    rough = _draw(text, ROUGH_EM)
    em = min(MAX_EM, ceil(ROUGH_EM * fit(_measure(rough)).width / rough.width))
    fine = rough if em <= ROUGH_EM else _draw(text, em)
    return resize_image(fine, fit(_measure(fine)))


def _draw(text: str, em: int) -> Image:
    """Draw the text just as large as what is to be seen of it."""
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
