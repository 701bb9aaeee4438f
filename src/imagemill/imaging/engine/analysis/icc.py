"""The name of a colour profile.

Source: ICC.1:2022, 7.2 (tag table) and 10.15 (multiLocalizedUnicodeType); ICC.1:2001-04, 6.5.17
(textDescriptionType).
"""

from typing import Final

from imagemill.imaging.engine.analysis.printable import to_printable
from imagemill.imaging.spec.bounds import MAX_ICC_NAME_LENGTH

HEADER_BYTES: Final = 128
ENTRY_BYTES: Final = 12

# Far more than any real profile has.
MAX_TAGS: Final = 100

UNNAMED: Final = "unnamed"


def read_profile_name(profile: bytes) -> str:
    """Return the profile's description, or "unnamed" when it cannot be read."""
    count = min(MAX_TAGS, _read_number(profile, HEADER_BYTES))
    for at in range(HEADER_BYTES + 4, HEADER_BYTES + 4 + count * ENTRY_BYTES, ENTRY_BYTES):
        if profile[at : at + 4] == b"desc":
            start, length = _read_number(profile, at + 4), _read_number(profile, at + 8)
            return (
                to_printable(_read_text(profile[start : start + length]), MAX_ICC_NAME_LENGTH)
                or UNNAMED
            )
    return UNNAMED


def _read_text(tag: bytes) -> str:
    match tag[:4]:
        case b"desc":  # version 2: a length and ASCII
            return tag[12 : 12 + _read_number(tag, 8)].decode("ascii", "replace")
        case b"mluc":  # version 4: records of language, length and place; the first will do
            length, start = _read_number(tag, 20), _read_number(tag, 24)
            return tag[start : start + length].decode("utf-16-be", "replace")
        case _:
            return ""


def _read_number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4])
