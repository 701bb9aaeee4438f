"""The characters that a font file has glyphs for, from its table `cmap`. Nothing is drawn.

Source: ISO/IEC 14496-22 (OpenType), `cmap`: formats 4, 6, 12 and 13, which Unicode fonts use.
"""

import struct
from collections.abc import Iterator
from mmap import mmap
from typing import Final

Data = bytes | mmap

CODE_POINTS: Final = 0x110000

COLLECTION: Final = b"ttcf"
TABLE_RECORD: Final = struct.Struct(">4sIII")
ENCODING_RECORD: Final = struct.Struct(">HHI")
GROUP: Final = struct.Struct(">III")

# Platforms and encodings that mean Unicode. Encoding 5 of platform 0 lists variants only.
UNICODE_PLATFORM: Final = 0
VARIATIONS: Final = 5
WINDOWS_UNICODE: Final = frozenset({(3, 1), (3, 10)})


class BadFont(ValueError):
    """Not a font of TrueType or OpenType with a table of Unicode characters."""


def read_coverage(data: Data) -> bytearray:
    """Return a bit for each code point: whether a font of the file has a glyph for it.

    Raises BadFont.
    """
    covered = bytearray(CODE_POINTS // 8)
    try:
        tables = [at for font in _list_fonts(data) for at in _list_character_tables(data, font)]
        for at in tables:
            for first, last in _iter_ranges(data, at):
                for code in range(first, min(last, CODE_POINTS - 1) + 1):
                    covered[code >> 3] |= 1 << (code & 7)
    except (struct.error, IndexError) as error:
        raise BadFont("it is damaged") from error
    if not any(covered):
        raise BadFont("it has no table of Unicode characters")
    return covered


def _list_fonts(data: Data) -> list[int]:
    """Return where the fonts of the file begin."""
    if data[:4] != COLLECTION:
        return [0]
    (count,) = struct.unpack_from(">I", data, 8)
    return list(struct.unpack_from(f">{min(count, len(data))}I", data, 12))


def _list_character_tables(data: Data, font: int) -> list[int]:
    (count,) = struct.unpack_from(">H", data, font + 4)
    for index in range(count):
        record = font + 12 + index * TABLE_RECORD.size
        tag, _, start, _ = TABLE_RECORD.unpack_from(data, record)
        if tag == b"cmap":
            return list(_iter_unicode_tables(data, start))
    raise BadFont("it has no table of Unicode characters")


def _iter_unicode_tables(data: Data, start: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", data, start + 2)
    for index in range(count):
        platform, encoding, offset = ENCODING_RECORD.unpack_from(
            data, start + 4 + index * ENCODING_RECORD.size
        )
        is_unicode = platform == UNICODE_PLATFORM and encoding != VARIATIONS
        if is_unicode or (platform, encoding) in WINDOWS_UNICODE:
            yield start + offset


def _iter_ranges(data: Data, at: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last code point of runs with glyphs; glyph 0 is that of a missing one."""
    (kind,) = struct.unpack_from(">H", data, at)
    match kind:
        case 4:
            yield from _iter_segments(data, at)
        case 6:
            first, count = struct.unpack_from(">HH", data, at + 6)
            glyphs = struct.unpack_from(f">{count}H", data, at + 10)
            yield from ((first + i, first + i) for i, glyph in enumerate(glyphs) if glyph)
        case 12 | 13:
            (count,) = struct.unpack_from(">I", data, at + 12)
            for index in range(count):
                first, last, glyph = GROUP.unpack_from(data, at + 16 + index * GROUP.size)
                # Format 12 counts glyphs up from the first one, format 13 gives all the same.
                if glyph or kind == 12:  # noqa: PLR2004 - a format
                    yield (first, last) if glyph else (first + 1, last)


def _iter_segments(data: Data, at: int) -> Iterator[tuple[int, int]]:
    (doubled,) = struct.unpack_from(">H", data, at + 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + doubled)
    deltas = struct.unpack_from(f">{count}H", data, at + 16 + doubled * 2)
    offsets_at = at + 16 + doubled * 3
    offsets = struct.unpack_from(f">{count}H", data, offsets_at)
    for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for code in range(first, last + 1):
            glyph = code
            if offsets[index]:
                place = offsets_at + 2 * index + offsets[index] + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", data, place)
                if not glyph:
                    continue
            if (glyph + deltas[index]) & 0xFFFF:
                yield code, code
