"""Reading of a TIFF's directories of tags; EXIF has the same layout.

The data is untrusted: entries that reach beyond it are left out, and data without a directory has
no entries. Sources: TIFF 6.0, section 2; for offsets of 64 bits, "The BigTIFF file format" of
libtiff's documentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import calcsize, error, pack, unpack_from
from types import MappingProxyType
from typing import Final

from imagemill.imaging.file_data import Data

# Bytes of a value, by its type minus 1. Types 14 and 15 do not exist; the last three are BigTIFF's.
WIDTHS: Final = (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)
# The types of integers, as `struct` spells them.
INTEGERS: Final = MappingProxyType(
    {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
)
RATIONAL: Final = 5
INLINE: Final = 4
ENTRY_BYTES: Final = 12

# A directory of more entries is damage.
MAX_ENTRIES: Final = 65535


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of TIFF: where its first offset stands, and how offsets and counts are stored."""

    order: str
    first_offset_at: int
    offset: str
    count: str

    @property
    def inline(self) -> int:
        return calcsize(self.offset)

    @property
    def entry_bytes(self) -> int:
        return 4 + 2 * self.inline


KINDS: Final = {
    b"II*\0": _Kind("<", 4, "I", "H"),
    b"MM\0*": _Kind(">", 4, "I", "H"),
    b"II+\0": _Kind("<", 8, "Q", "Q"),
    b"MM\0+": _Kind(">", 8, "Q", "Q"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Offset and length in bytes of a tag's value, and its type."""

    start: int
    length: int
    type: int


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of a file: its entries by tag. A tag that is repeated has its first entry.

    `lost` are tags whose values reach beyond the data.
    """

    data: Data
    order: str
    entries: Mapping[int, Entry]
    lost: frozenset[int] = frozenset()

    def read_integers(self, tag: int, most: int = 64) -> tuple[int, ...]:
        """Return the tag's first integers, none when it is missing or of another type."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in INTEGERS:
            return ()
        count = min(entry.length // WIDTHS[entry.type - 1], most)
        return unpack_from(f"{self.order}{count}{INTEGERS[entry.type]}", self.data, entry.start)

    def read_integer(self, tag: int, default: int) -> int:
        """Return the tag's first integer, or the default when it has none."""
        return next(iter(self.read_integers(tag, 1)), default)

    def read_rationals(self, tag: int) -> tuple[float, ...]:
        """Return the tag's pair of unsigned fractions; none when it has another value."""
        entry = self.entries.get(tag)
        if entry is None or (entry.type, entry.length) != (RATIONAL, 2 * WIDTHS[RATIONAL - 1]):
            return ()
        numbers = unpack_from(f"{self.order}4I", self.data, entry.start)
        above, below = numbers[::2], numbers[1::2]
        return (
            tuple(one / other for one, other in zip(above, below, strict=True))
            if all(below)
            else ()
        )

    def read_text(self, tag: int, longest: int) -> str:
        """Return the tag's text up to its first zero, "" when it is missing or longer."""
        entry = self.entries.get(tag)
        if entry is None or entry.length > longest:
            return ""
        value = bytes(self.data[entry.start : entry.start + entry.length])
        return value.partition(b"\0")[0].decode("latin-1").strip()

    def fill_integers(self, tag: int, value: int) -> bytes:
        """Return the bytes of the tag's value with this number in place of each of its integers."""
        entry = self.entries[tag]
        count = entry.length // WIDTHS[entry.type - 1]
        return pack(self.order + INTEGERS[entry.type], value) * count


def read_directory(data: Data, at: int | None = None) -> Directory | None:
    """Return the directory at an offset, by default the first one; None when this is no TIFF."""
    kind = KINDS.get(bytes(data[:4]))
    if kind is None:
        return None
    found: dict[int, Entry] = {}
    lost = set()
    try:
        if at is None:
            at = read_first_offset(data) or 0
        at = min(at, len(data))  # those of a BigTIFF can be too large for `unpack_from`
        (count,) = unpack_from(kind.order + kind.count, data, at)
        first = at + calcsize(kind.count)
        for place in range(
            first, first + min(count, MAX_ENTRIES) * kind.entry_bytes, kind.entry_bytes
        ):
            tag, type_, number, offset = unpack_from(
                kind.order + "HH" + 2 * kind.offset, data, place
            )
            length = number * WIDTHS[type_ - 1] if 0 < type_ <= len(WIDTHS) else 0
            start = place + 4 + kind.inline if length <= kind.inline else offset
            if start + length <= len(data):
                found.setdefault(tag, Entry(start, length, type_))
            else:
                lost.add(tag)
    except error:  # the data ends here; keep the entries read so far
        pass
    return Directory(data, kind.order, found, frozenset(lost))


def read_first_offset(data: Data | bytearray) -> int | None:
    """Return the offset of the first directory; None when this is no TIFF, or ends before it."""
    kind = KINDS.get(bytes(data[:4]))
    if kind is None or len(data) < kind.first_offset_at + kind.inline:
        return None
    (at,) = unpack_from(kind.order + kind.offset, data, kind.first_offset_at)
    return int(at)


def move_first_directory(head: bytearray, directory: bytearray) -> bytes:
    """Return a TIFF with the head's kind and this first directory: values outside it are lost."""
    kind = KINDS[bytes(head[:4])]
    after = kind.first_offset_at + kind.inline
    return bytes(head[: kind.first_offset_at]) + pack(kind.order + kind.offset, after) + directory


def read_entries(data: Data) -> Mapping[int, Entry]:
    """Return the entries of the first directory by their tags."""
    directory = read_directory(data)
    return {} if directory is None else directory.entries


def read_values(data: Data, tags: frozenset[int], longest: int) -> Mapping[int, bytes]:
    """Return the values, by tag, of those tags that have one of 1 to `longest` bytes."""
    return {
        tag: bytes(data[entry.start : entry.start + entry.length])
        for tag, entry in read_entries(data).items()
        if tag in tags and 0 < entry.length <= longest
    }
