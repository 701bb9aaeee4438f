"""Addition of tags to a TIFF: a new directory at its end takes the place of the first one.

Source: TIFF 6.0, section 2. libvips writes files in the byte order of the machine, with offsets of
32 bits.
"""

from collections.abc import Mapping, Sequence
from struct import pack, unpack
from typing import BinaryIO, Final

from imagemill.imaging.color.palette import Color
from imagemill.imaging.file_data import Data
from imagemill.imaging.metadata.tag_directory import ENTRY_BYTES, INLINE, read_directory

TEXT: Final = 2
SHORT: Final = 3
BYTES: Final = 7
TEXTS: Final = frozenset({0x013B, 0x8298})
FIRST: Final = 4

# What a pixel is: a colour, or with PALETTE a number into the color map. Source: section 5.
PHOTOMETRIC: Final = 0x0106
PALETTE: Final = 3
COLOR_MAP: Final = 0x0140
# From 8 bits to 16.
WIDEN: Final = 257


def append_tags(tiff: BinaryIO, tags: Mapping[int, bytes]) -> None:
    """Add the tags, by number. The file must have none of them yet."""
    if not tags:
        return
    order, directory, following = _read_directory(tiff)
    new = [_write_entry(tiff, order, tag, value) for tag, value in tags.items()]
    _replace_directory(tiff, order, [*directory, *new], following)


def add_palette(tiff: BinaryIO, colors: Sequence[Color], bits: int) -> None:
    """Have the pixels, which are written as grey of so many bits, be numbers into the palette."""
    if not colors:
        return
    order, directory, following = _read_directory(tiff)
    levels = [color[band] * WIDEN for band in range(3) for color in _fill(colors, 2**bits)]
    place = _append(tiff, pack(f"{order}{len(levels)}H", *levels))
    kept = [entry for entry in directory if _get_tag(order, entry) != PHOTOMETRIC]
    new = [
        pack(order + "HHIHH", PHOTOMETRIC, SHORT, 1, PALETTE, 0),
        pack(order + "HHII", COLOR_MAP, SHORT, len(levels), place),
    ]
    _replace_directory(tiff, order, [*kept, *new], following)


def has_palette(tiff: Data) -> bool:
    page = read_directory(tiff)
    return page is not None and page.read_integer(PHOTOMETRIC, 0) == PALETTE


def find_entries(tiff: BinaryIO) -> tuple[str, int, int]:
    """Return the byte order, and where the first directory has its entries, and how many."""
    tiff.seek(0)
    order = "<" if tiff.read(2) == b"II" else ">"
    tiff.seek(FIRST)
    (at,) = unpack(order + "I", tiff.read(4))
    tiff.seek(at)
    (count,) = unpack(order + "H", tiff.read(2))
    return order, tiff.tell(), count


def _fill(colors: Sequence[Color], number: int) -> list[Color]:
    return [*colors, *[(0, 0, 0, 0)] * (number - len(colors))]


def _read_directory(tiff: BinaryIO) -> tuple[str, list[bytes], bytes]:
    """Return the byte order, the entries of the first directory, and what follows them."""
    order, first, count = find_entries(tiff)
    tiff.seek(first)
    return order, [tiff.read(ENTRY_BYTES) for _ in range(count)], tiff.read(4)


def _replace_directory(
    tiff: BinaryIO, order: str, entries: Sequence[bytes], following: bytes
) -> None:
    directory = sorted(entries, key=lambda entry: _get_tag(order, entry))
    place = _append(tiff, pack(order + "H", len(directory)) + b"".join(directory) + following)
    tiff.seek(FIRST)
    tiff.write(pack(order + "I", place))


def _get_tag(order: str, entry: bytes) -> int:
    return int(unpack(order + "H", entry[:2])[0])


def _write_entry(tiff: BinaryIO, order: str, tag: int, value: bytes) -> bytes:
    kind = TEXT if tag in TEXTS else BYTES
    head = pack(order + "HHI", tag, kind, len(value))
    if len(value) <= INLINE:
        return head + value.ljust(INLINE, b"\0")
    return head + pack(order + "I", _append(tiff, value))


def _append(tiff: BinaryIO, data: bytes) -> int:
    """Append the data at the next even offset, and return that offset."""
    end = tiff.seek(0, 2)
    tiff.write(bytes(end % 2) + data)
    return end + end % 2
