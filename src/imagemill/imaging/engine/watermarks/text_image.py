"""Drawing of text in Noto Sans, which comes with imagemill, and in fonts of the assets folder.

No fonts of the machine are used, so that all machines draw the same. Pango chooses a font for each
character, shapes what needs it, and lays out from right to left what is written so.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from html import escape
from math import ceil
from pathlib import Path
from typing import Final

from fontpkg_noto_sans import FAMILY

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.scaling import resize_image
from imagemill.imaging.libvips import Image, VipsError
from imagemill.imaging.spec.fonts import BUNDLED

SETTINGS: Final = Path(__file__).with_name("fonts.conf")

os.environ["FONTCONFIG_FILE"] = str(SETTINGS)
os.environ["PANGOCAIRO_BACKEND"] = "fontconfig"  # macOS would use its own fonts

# Pixels per em of a first drawing. Pango places letters on whole pixels, so that smaller ones are
# spaced unevenly; of a larger size, 200 of the widest letter, of three em, exceed cairo's 32767.
ROUGH_EM: Final = 48
MAX_EM: Final = 65535  # FreeType counts them in 16 bits

PIXELS_AN_INCH: Final = 72  # then a point is a pixel
NOTHING_TO_SEE: Final = "no text to render"


def draw_text(text: str, fit: Callable[[Size], Size], fonts: Sequence[Path] = ()) -> Image:
    """Return the text as one band of opacity, 0 to 255, scaled by `fit`.

    `fit` maps the size of a drawing to the size wanted, of the same ratio. `fonts` are used for
    characters that Noto Sans lacks; one that they lack too is drawn as a box with its number.
    """
    for font in fonts:
        _add_font(font)
    rough = _draw(text, ROUGH_EM)
    em = min(MAX_EM, ceil(ROUGH_EM * fit(_measure(rough)).width / rough.width))
    fine = rough if em <= ROUGH_EM else _draw(text, em)
    return resize_image(fine, fit(_measure(fine)))


def _draw(text: str, em: int) -> Image:
    """Draw the text, cropped to its visible pixels."""
    try:
        return Image.text(
            escape(text, quote=False),
            font=f"{FAMILY} {em}",
            fontfile=str(BUNDLED),
            dpi=PIXELS_AN_INCH,
        )
    except VipsError as error:
        if NOTHING_TO_SEE not in str(error):
            raise
        return Image.black(1, 1)


@cache
def _add_font(font: Path) -> None:
    """Let texts of this process be drawn with the font, too, unless it is damaged."""
    with suppress(VipsError):
        Image.text("x", font=FAMILY, fontfile=str(font))


def _measure(image: Image) -> Size:
    return Size(image.width, image.height)
