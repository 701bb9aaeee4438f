"""Pictures whose files say what their colours are: PNG by chunks, AVIF and HEIC by `nclx`.

Sources: W3C PNG, third edition, 5.3 and 11.3.2; ISO/IEC 14496-12, 12.1.5 (colr).
"""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from imaging.spaces import D65, Space

Chunk = tuple[bytes, bytes]
Samples = NDArray[np.uint8] | NDArray[np.uint16]

KINDS = {1: 0, 2: 4, 3: 2, 4: 6}
GRAY, PALETTE = 0, 3


def cicp(primaries: int, transfer: int, matrix: int = 0, full_range: int = 1) -> Chunk:
    return b"cICP", bytes([primaries, transfer, matrix, full_range])


def gama(units: int) -> Chunk:
    return b"gAMA", struct.pack(">I", units)


def chrm(space: Space, white: tuple[float, float] = D65) -> Chunk:
    numbers = (*white, *space.red, *space.green, *space.blue)
    return b"cHRM", struct.pack(">8I", *(round(number * 100000) for number in numbers))


def iccp(profile: bytes) -> Chunk:
    return b"iCCP", b"x\0\0" + zlib.compress(profile)


def save_png(file: Path, pixels: Samples, *chunks: Chunk, kind: int | None = None) -> Path:
    """Write height x width x bands of 8 or 16 bits, with more chunks before the pixels."""
    height, width, bands = pixels.shape
    bits = 8 * pixels.itemsize
    rows = b"".join(b"\0" + row.astype(f">u{pixels.itemsize}").tobytes() for row in pixels)
    header = struct.pack(
        ">2I5B", width, height, bits, KINDS[bands] if kind is None else kind, 0, 0, 0
    )
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts))
    return file


def read_chunks(file: Path) -> dict[bytes, bytes]:
    """Return the data of a PNG's chunks, of each kind the last."""
    data, at, found = file.read_bytes(), 8, {}
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        found[kind] = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + found[kind])
        at += 12 + length
    return found


def save_avif(file: Path, pixels: Samples, primaries: int, transfer: int) -> Path:
    """Write 8 bits without subsampling; only the numbers in `nclx` are other than the encoder's."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "AVIF", quality=100, subsampling="4:4:4", speed=9)
    data = bytearray(stream.getvalue())
    at = data.index(b"nclx") + 4
    data[at : at + 4] = struct.pack(">2H", primaries, transfer)
    file.write_bytes(data)
    return file


def save_heic(file: Path, pixels: Samples, primaries: int, transfer: int) -> Path:
    """Write 10 bits of the upper ones of 16, without loss."""
    deep = pixels.astype("<u2")
    height, width, bands = deep.shape
    mode = "RGB;16" if bands == 3 else "RGBA;16"
    image = pillow_heif.from_bytes(mode=mode, size=(width, height), data=deep.tobytes())
    stream = BytesIO()
    image.save(
        stream,
        quality=-1,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=0,
        full_range_flag=1,
    )
    file.write_bytes(stream.getvalue())
    return file


def read_nclx(file: Path) -> tuple[int, ...] | None:
    """Return primaries, transfer and matrix of the one `nclx`, None when there is none."""
    data = file.read_bytes()
    at = data.find(b"colrnclx")
    return None if at < 0 else struct.unpack_from(">3H", data, at + 8)


def solid(*color: int, side: int = 16, deep: bool = False) -> Samples:
    return np.full((side, side, len(color)), color, "uint16" if deep else "uint8")


def columns(levels: list[int], width: int = 8) -> NDArray[np.uint16]:
    """Return a grey picture of 16 bits in RGB, with a column of this width for each level."""
    row = np.repeat(np.array(levels, "uint16"), width)
    return np.broadcast_to(row[np.newaxis, :, np.newaxis], (8, len(row), 3)).copy()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
