"""Artist and Copyright of EXIF. Source: CIPA DC-008, 4.6.4 and 4.6.5 (tags of the picture)."""

from collections.abc import Mapping
from struct import pack
from typing import Final

from imagemill.imaging.file_data import Data
from imagemill.imaging.metadata.rights import MAX_TEXT_LENGTH
from imagemill.imaging.metadata.tag_directory import ENTRY_BYTES, INLINE, read_values

PREFIX: Final = b"Exif\0\0"

ARTIST: Final = 0x013B
COPYRIGHT: Final = 0x8298
RIGHTS: Final = frozenset({ARTIST, COPYRIGHT})

TEXT: Final = 2
START: Final = 8


def extract_rights(block: Data) -> bytes | None:
    """Return an EXIF block with these two, byte for byte, since their encoding is unknown."""
    texts = read_rights(block)
    return PREFIX + _build_tiff(texts) if texts else None


def read_rights(block: Data) -> Mapping[int, bytes]:
    """Return those of the two that are not blank, by tag. The block may be a whole TIFF."""
    tiff = block[len(PREFIX) :] if block[: len(PREFIX)] == PREFIX else block
    texts = read_values(tiff, RIGHTS, MAX_TEXT_LENGTH)
    return {tag: text for tag, text in texts.items() if text.strip(b"\0 ")}


def _build_tiff(texts: Mapping[int, bytes]) -> bytes:
    """Return a TIFF of one directory with its values after it."""
    after = START + 2 + ENTRY_BYTES * len(texts) + 4
    directory, rest = pack("<H", len(texts)), b""
    for tag, text in sorted(texts.items()):
        ended = text.rstrip(b"\0") + b"\0"
        is_inline = len(ended) <= INLINE
        place = ended.ljust(INLINE, b"\0") if is_inline else pack("<I", after + len(rest))
        directory += pack("<HHI", tag, TEXT, len(ended)) + place
        rest += b"" if is_inline else ended + bytes(len(ended) % 2)
    return b"II*\0" + pack("<I", START) + directory + bytes(4) + rest
