"""The EXIF fields of a file as values for JSON: numbers, lists of them, and short printable text.

Untrusted values are bounded: in number of fields, in length, and to printable characters. The
maker note, the embedded thumbnail's fields and unknown tags are left out.
Source: libvips' `exif-ifd…` fields, "value (shown, Type, n components, n bytes)" from libexif;
names and types as in CIPA DC-008, Exif 2.32.
"""

import re
from collections.abc import Iterable
from typing import Final

from imagemill.imaging.engine.analysis.printable import to_printable
from imagemill.imaging.spec.bounds import (
    EXIF_NAME_PATTERN,
    MAX_EXIF_FIELDS,
    MAX_EXIF_NUMBERS,
    MAX_EXIF_TEXT_LENGTH,
    ExifValue,
)

# The directories of the image, of EXIF and of GPS. Number 1 is the thumbnail's.
FIELD: Final = re.compile(r"exif-ifd[023]-(?P<name>.+)")
VALUE: Final = re.compile(
    r"(?P<body>.*), (?P<type>[A-Z]\w+), \d+ components, \d+ bytes\)", re.DOTALL
)
NUMBER: Final = re.compile(r"-?\d{1,10}(/[1-9]\d{0,9})?", re.ASCII)
NUMBERS: Final = frozenset({"Byte", "SByte", "Short", "SShort", "Long", "SLong"})
RATIOS: Final = frozenset({"Rational", "SRational"})
TEXTS: Final = frozenset({"ASCII", "Undefined"})

# The maker note is private to the camera; libexif adds the others where a file lacks them.
LEFT_OUT: Final = frozenset(
    {"MakerNote", "FlashpixVersion", "ColorSpace", "ComponentsConfiguration", "YCbCrPositioning"}
)

# libexif's text for an empty copyright, cut to the field's length.
NOTHING: Final = "[None] (Photographer) - [None] (Editor)"


def parse_exif_fields(fields: Iterable[tuple[str, str]]) -> dict[str, ExifValue]:
    """Return the values of libvips' fields by their EXIF names, in their order."""
    values: dict[str, ExifValue] = {}
    for field, text in fields:
        named, read = FIELD.fullmatch(field), VALUE.fullmatch(text)
        if not named or not read or len(values) == MAX_EXIF_FIELDS:
            continue
        name = named["name"]
        value = _parse_value(read["body"], read["type"])
        if value is not None and name not in LEFT_OUT and re.fullmatch(EXIF_NAME_PATTERN, name):
            values.setdefault(name, value)
    return values


def _parse_value(body: str, type_: str) -> ExifValue | None:
    if type_ in TEXTS:
        text = to_printable(_take_first(body), MAX_EXIF_TEXT_LENGTH)
        return None if NOTHING.startswith(text) else text
    words = body.partition(" (")[0].split()
    if type_ not in NUMBERS | RATIOS or not 0 < len(words) <= MAX_EXIF_NUMBERS:
        return None
    if not all(map(NUMBER.fullmatch, words)):  # a word for a number, or a ratio to nothing
        return None
    numbers = [_to_number(word) for word in words]
    return numbers[0] if len(numbers) == 1 else numbers


def _take_first(body: str) -> str:
    """Return the value of "value (value", which may have brackets itself."""
    half = (len(body) - len(" (")) // 2
    is_twice = body[:half] == body[half + len(" (") :]
    return body[:half] if is_twice else body.partition(" (")[0]


def _to_number(word: str) -> float:
    above, _, below = word.partition("/")
    whole, rest = divmod(int(above), int(below or 1))
    return int(above) / int(below) if rest else whole
