"""Recognition of camera RAW files, which are refused: many wear a TIFF's clothes.

A TIFF's reader opens a DNG, NEF or ARW and finds the thumbnail that the camera put in front. What
tells them from a TIFF that a scanner or an editor has written, even one that names the camera, is
a page that holds the mosaic of a sensor. Free of libvips.

Sources: Adobe's DNG specification 1.6 (DNGVersion); ISO 12234-2 (TIFF/EP: CFA, the kind 32803); for
signatures, makers and their compressions ExifTool's documentation of tags.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from imagemill.imaging.file_data import Data
from imagemill.imaging.metadata.tag_directory import (
    Directory,
    move_first_directory,
    read_directory,
    read_first_offset,
)

SIGNATURES: Final = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (rb"II\*\0.{4}CR", "Canon CR2"),
        (rb"II\x1a\0\0\0HEAPCCDR", "Canon CRW"),
        (rb".{4}ftypcrx ", "Canon CR3"),
        (rb"FUJIFILMCCD-RAW", "Fujifilm RAF"),
        (rb"\0MRM", "Minolta MRW"),
        (rb"IIR[OS]|MMOR", "Olympus ORF"),
        (rb"IIU\0", "Panasonic RW2"),
        (rb"(II\*\0|MM\0\*).{4}(IIII|MMMM)", "Phase One IIQ"),
        (rb"FOVb", "Sigma X3F"),
    )
)

# How the tag Make of each maker's files begins, in capitals.
MAKERS: Final = (
    ("NIKON", "Nikon NEF"),
    ("SONY", "Sony ARW"),
    ("PENTAX", "Pentax PEF"),
    ("RICOH", "Pentax PEF"),
    ("SAMSUNG", "Samsung SRW"),
    ("HASSELBLAD", "Hasselblad 3FR"),
    ("IMACON", "Hasselblad FFF"),
    ("EASTMAN KODAK", "Kodak DCR"),
    ("KODAK", "Kodak DCR"),
    ("SEIKO EPSON", "Epson ERF"),
    ("MAMIYA", "Mamiya MEF"),
    ("LEAF", "Leaf MOS"),
    ("CANON", "Canon RAW"),
    ("OLYMPUS", "Olympus ORF"),
    ("PANASONIC", "Panasonic RAW"),
    ("LEICA", "Leica RAW"),
)
OTHER_MAKER: Final = "TIFF/EP"
MAX_MAKE_BYTES: Final = 256

SUBFILE_TYPE: Final = 254
COMPRESSION: Final = 259
PHOTOMETRIC: Final = 262
MAKE: Final = 271
SUB_DIRECTORIES: Final = 330
LEAF_DATA: Final = 34310
DNG_VERSION: Final = 50706

THUMBNAIL: Final = 1
SENSOR_KINDS: Final = frozenset({32803, 34892})
# Sony's, packed, Samsung's two, Nikon's, Kodak's, Pentax's.
SENSOR_COMPRESSIONS: Final = frozenset({32767, 32769, 32770, 32772, 34713, 65000, 65535})
MAX_SUB_DIRECTORIES: Final = 16

# What a stream keeps of a file's beginning, and of its first directory where that comes later.
HEAD_BYTES: Final = 64 * 1024
DIRECTORY_BYTES: Final = 64 * 1024


def find_camera_raw(data: Data) -> str | None:
    """Return the name of the RAW format that a file, or its beginning, is in; None for others."""
    signed = next((name for sign, name in SIGNATURES if sign.match(data)), None)
    page = read_directory(data)
    if signed or page is None:
        return signed
    return _find_by_tags(page) or _find_by_sub_directories(page)


@dataclass(slots=True)
class CameraRawDetector:
    """Finds what `find_camera_raw` does in a file that streams by.

    It keeps the file's first HEAD_BYTES in `head`, and the first directory of a TIFF, which may
    come after the pixels.
    """

    head: bytearray = field(default_factory=bytearray)
    _directory: bytearray = field(default_factory=bytearray)
    _position: int = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file."""
        self.head += chunk[: HEAD_BYTES - len(self.head)]
        if (at := self._distant_directory) is not None:
            start = max(0, at + len(self._directory) - self._position)
            self._directory += chunk[start : start + DIRECTORY_BYTES - len(self._directory)]
        self._position += len(chunk)

    def is_complete(self) -> bool:
        """Return whether further bytes change nothing."""
        is_near = self._distant_directory is None
        return len(self.head) == HEAD_BYTES and (is_near or len(self._directory) == DIRECTORY_BYTES)

    def find(self) -> str | None:
        """Return the RAW format's name by the bytes so far."""
        if not self._directory:
            return find_camera_raw(bytes(self.head))
        page = read_directory(move_first_directory(self.head, self._directory))
        return None if page is None else _find_by_tags(page)

    @property
    def _distant_directory(self) -> int | None:
        """The offset of the first directory where the head might end before it does."""
        at = read_first_offset(self.head)
        return at if at is not None and at >= HEAD_BYTES // 2 else None


def _find_by_tags(page: Directory) -> str | None:
    if DNG_VERSION in page.entries:
        return "DNG"
    if LEAF_DATA in page.entries:
        return "Leaf MOS"
    return _name_by_maker(page) or OTHER_MAKER if _has_sensor_data(page) else None


def _find_by_sub_directories(page: Directory) -> str | None:
    """Look for a sensor's data behind a thumbnail; where it is out of sight, by the maker."""
    offsets = page.read_integers(SUB_DIRECTORIES, MAX_SUB_DIRECTORIES)
    if not offsets or not page.read_integer(SUBFILE_TYPE, 0) & THUMBNAIL:
        return None
    below = [read_directory(page.data, at) for at in offsets]
    if any(one and _has_sensor_data(one) for one in below):
        return _name_by_maker(page) or OTHER_MAKER
    is_complete = all(one and one.entries for one in below)
    return None if is_complete else _name_by_maker(page)


def _has_sensor_data(page: Directory) -> bool:
    return (
        page.read_integer(PHOTOMETRIC, 0) in SENSOR_KINDS
        or page.read_integer(COMPRESSION, 1) in SENSOR_COMPRESSIONS
    )


def _name_by_maker(page: Directory) -> str | None:
    make = page.read_text(MAKE, MAX_MAKE_BYTES).upper()
    return next((name for maker, name in MAKERS if make.startswith(maker)), None)
