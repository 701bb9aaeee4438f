"""Fonts of a few letters, whose heights tell which of them was drawn."""

from io import BytesIO
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

EM = 1000
SIDE = 800

# A letter is a square that is as high as this share of it.
Heights = dict[str, float]


def build_font(heights: Heights, family: str = "Squares") -> bytes:
    """Return a TrueType font in which each letter is a box of its height."""
    names = {ord(letter): f"letter{ord(letter)}" for letter in heights}
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    shares = {".notdef": 1.0} | dict(zip(names.values(), heights.values(), strict=True))
    builder.setupGlyf({name: _draw_box(share) for name, share in shares.items()})
    builder.setupHorizontalMetrics(dict.fromkeys(shares, (EM, 0)))
    builder.setupHorizontalHeader(ascent=EM, descent=0)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=EM, sTypoDescender=0, usWinAscent=EM, usWinDescent=0)
    builder.setupPost()
    file = BytesIO()
    builder.save(file)
    return file.getvalue()


def _draw_box(share: float) -> object:
    pen = TTGlyphPen(None)
    top = round(SIDE * share)
    pen.moveTo((0, 0))
    for point in ((0, top), (SIDE, top), (SIDE, 0)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def write_font(folder: Path, heights: Heights, name: str = "squares.ttf") -> Path:
    file = folder / name
    file.write_bytes(build_font(heights))
    return file
