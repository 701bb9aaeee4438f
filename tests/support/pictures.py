"""Small pictures, drawn by Pillow: an implementation that imagemill does not use."""

import struct
import zlib
from io import BytesIO

from PIL import Image


def picture(width: int = 64, height: int = 48, format_: str = "JPEG") -> bytes:
    """Return a picture with a gradient, so that no two corners look the same."""
    image = Image.linear_gradient("L").resize((width, height))
    coloured = Image.merge("RGB", (image, image.rotate(180), Image.new("L", image.size, 90)))
    file = BytesIO()
    coloured.save(file, format_)
    return file.getvalue()


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """Return a PNG of under a megabyte that decodes to gigabytes."""
    row = b"\0" * (1 + width // 8)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", pixels)
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
