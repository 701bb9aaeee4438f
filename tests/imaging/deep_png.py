"""Reads and writes PNGs of 16 bits in RGB, which Pillow has no mode for. Source: W3C PNG, 9."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Deep = NDArray[np.uint16]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLORS = {0: 1, 2: 3, 4: 2, 6: 4}
KINDS = {bands: kind for kind, bands in COLORS.items()}


def gradient() -> Deep:
    """Return a picture of 60x40 pixels in which almost no two levels are the same."""
    fine = np.linspace(0, 65535, 60 * 40).round().reshape(40, 60)
    return np.dstack([fine, fine[::-1], fine[:, ::-1]]).astype("uint16")


def write(file: Path, pixels: Deep, profile: bytes | None = None) -> Path:
    height, width, bands = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, KINDS[bands], 0, 0, 0)
    named = b"x\0\0" + zlib.compress(profile) if profile else None
    file.write_bytes(
        SIGNATURE
        + _chunk(b"IHDR", header)
        + (_chunk(b"iCCP", named) if named else b"")
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )
    return file


def read(file: Path) -> Deep:
    """Return the pixels of a PNG that has 16 bits and is not interlaced."""
    data, at, packed = file.read_bytes(), len(SIGNATURE), b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, bits, colors = struct.unpack_from(">IIBB", body)
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    assert bits == 16
    step = 2 * COLORS[colors]
    rows = np.frombuffer(zlib.decompress(packed), "uint8").reshape(height, 1 + step * width)
    return _unfiltered(rows, step).view(">u2").reshape(height, width, -1).astype("uint16")


def _unfiltered(rows: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    whole = np.zeros((len(rows), rows.shape[1] - 1), "uint8")
    above = bytes(rows.shape[1] - 1)
    for at, row in enumerate(rows):
        kind, line = int(row[0]), bytearray(row[1:].tobytes())
        for x in range(len(line)):
            left = line[x - step] if x >= step else 0
            corner = above[x - step] if x >= step else 0
            guess = (0, left, above[x], (left + above[x]) // 2, _paeth(left, above[x], corner))
            line[x] = (line[x] + guess[kind]) % 256
        above = bytes(line)
        whole[at] = np.frombuffer(above, "uint8")
    return whole


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda level: abs(guess - level))


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
