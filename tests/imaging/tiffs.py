"""Writes TIFFs of any layout from arrays, tag by tag. Source: TIFF 6.0; BigTIFF as in libtiff."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]

# Types by number: how `struct` spells one, and how many bytes it has.
SHORT, LONG, RATIONAL, LONG8 = 3, 4, 5, 16
SPELLED = {1: "B", 2: "B", SHORT: "H", LONG: "I", RATIONAL: "I", LONG8: "Q"}

MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE, CMYK, YCBCR, LAB, ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9
DEFLATE = 8
FORMATS = {"u": 1, "i": 2, "f": 3, "c": 6}


@dataclass(frozen=True)
class Tiff:
    """A TIFF of one page; `samples` are rows of pixels of samples, which `tags` may reinterpret.

    `tags` go in beside those of the array or replace them: numbers of 16 bits, pairs of rationals
    as tuples, texts as bytes. `tile` is the side of square tiles. `bits` packs samples tightly.
    """

    samples: Samples
    photometric: int
    tags: Mapping[int, Sequence[int] | bytes] = field(default_factory=dict)
    order: Literal["<", ">"] = "<"
    is_big: bool = False
    has_planes: bool = False
    tile: int = 0
    bits: int = 0
    predictor: int = 1
    directory_last: bool = False

    def encode(self) -> bytes:
        tags = {tag: _encode_value(value, self.order) for tag, value in self._tags().items()}
        parts = [self._pack(part) for part in self._parts()]
        at, count = (324, 325) if self.tile else (273, 279)
        tags[count] = _encode_value([len(part) for part in parts], self.order, LONG)
        tags[at] = _encode_value([0] * len(parts), self.order, LONG)
        return _lay_out(tags, at, parts, self.order, self.is_big, self.directory_last)

    def _tags(self) -> dict[int, Sequence[int] | bytes]:
        height, width, count = self.samples.shape
        bits = self.bits or self.samples.itemsize * 8
        known: dict[int, Sequence[int] | bytes] = {
            256: [width],
            257: [height],
            258: [bits] * count,
            259: [DEFLATE if self.predictor > 1 else 1],
            262: [self.photometric],
            277: [count],
            284: [2 if self.has_planes else 1],
            317: [self.predictor],
            339: [FORMATS[self.samples.dtype.kind]] * count,
        }
        known |= {322: [self.tile], 323: [self.tile]} if self.tile else {278: [height // 2]}
        return known | dict(self.tags)

    def _parts(self) -> list[Samples]:
        """Return the tiles, or two strips, of each plane."""
        samples = self.samples.astype(self.samples.dtype.newbyteorder(self.order))
        planes = np.split(samples, samples.shape[2], 2) if self.has_planes else [samples]
        side, half = self.tile, samples.shape[0] // 2
        if not side:
            return [part for plane in planes for part in (plane[:half], plane[half:])]
        return [
            plane[y : y + side, x : x + side]
            for plane in planes
            for y in range(0, samples.shape[0], side)
            for x in range(0, samples.shape[1], side)
        ]

    def _pack(self, part: Samples) -> bytes:
        if self.bits:
            return b"".join(_pack_bits(row, self.bits) for row in part)
        match self.predictor:
            case 1:
                return part.tobytes()
            case 2:
                steps = np.diff(part, axis=1, prepend=part[:, :1] * 0)
                return zlib.compress(steps.astype(part.dtype).tobytes())
            case _:
                return zlib.compress(b"".join(_predict_floats(row) for row in part))


def _pack_bits(row: Samples, bits: int) -> bytes:
    digits = "".join(f"{int(sample):0{bits}b}" for sample in row.ravel())
    digits += "0" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8)


def _predict_floats(row: Samples) -> bytes:
    """Split a row by the bytes of its numbers, highest first, and take differences.

    Source: Adobe Photoshop TIFF Technical Note 3.
    """
    each = row.astype(row.dtype.newbyteorder(">")).view("u1").reshape(-1, row.itemsize)
    count = row.shape[-1]
    apart = each.T.reshape(-1, count).astype("i2")
    return np.diff(apart, axis=0, prepend=0).astype("u1").tobytes()


def _encode_value(
    value: Sequence[int] | bytes, order: str, type_: int = SHORT
) -> tuple[int, int, bytes]:
    """Return the type, the count and the bytes of a tag's value."""
    if isinstance(value, bytes):
        return 2, len(value), value
    if value and isinstance(value, tuple):
        return RATIONAL, len(value) // 2, struct.pack(f"{order}{len(value)}I", *value)
    return type_, len(value), struct.pack(f"{order}{len(value)}{SPELLED[type_]}", *value)


def _lay_out(
    tags: Mapping[int, tuple[int, int, bytes]],
    offsets: int,
    parts: Sequence[bytes],
    order: str,
    is_big: bool,  # noqa: FBT001
    directory_last: bool,  # noqa: FBT001
) -> bytes:
    """Return the file: header, directory, long values, pixels; or the pixels before the directory.

    `offsets` is the tag with the offsets of the parts.
    """
    number, start, inline = ("Q", 16, 8) if is_big else ("I", 8, 4)
    directory_bytes = (
        struct.calcsize(f"<{'Q' if is_big else 'H'}") + len(tags) * (4 + 2 * inline) + inline
    )
    values = sum(
        len(value) + len(value) % 2 for _, _, value in tags.values() if len(value) > inline
    )
    pixels = sum(map(len, parts))
    directory_at = start + (pixels + pixels % 2 if directory_last else 0)
    first_part = start if directory_last else directory_at + directory_bytes + values
    places = [first_part + sum(map(len, parts[:at])) for at in range(len(parts))]
    tags = {**tags, offsets: _encode_value(places, order, LONG)}
    entries, rest = b"", b""
    for tag, (type_, count, value) in sorted(tags.items()):
        entries += struct.pack(f"{order}HH{number}", tag, type_, count)
        if len(value) <= inline:
            entries += value.ljust(inline, b"\0")
        else:
            entries += struct.pack(order + number, directory_at + directory_bytes + len(rest))
            rest += value + bytes(len(value) % 2)
    header = (b"II" if order == "<" else b"MM") + (
        struct.pack(order + "HHHQ", 43, 8, 0, directory_at)
        if is_big
        else struct.pack(order + "HI", 42, directory_at)
    )
    directory = struct.pack(order + ("Q" if is_big else "H"), len(tags)) + entries
    directory += bytes(inline) + rest
    data = b"".join(parts)
    if directory_last:
        return header + data + bytes(len(data) % 2) + directory
    return header + directory + data
