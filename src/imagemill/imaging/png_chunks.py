"""The chunks of a PNG. Source: W3C PNG (third edition), 5.2 to 5.4."""

from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

from imagemill.imaging.file_data import Data

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# A chunk begins with its length, of four bytes, and its kind; its checksum follows its content.
LENGTH_BYTES: Final = 4
HEAD_BYTES: Final = 8
CRC_BYTES: Final = 4

HEADER: Final = b"IHDR"
PIXELS: Final = b"IDAT"
END: Final = b"IEND"


class ChunkPlace(NamedTuple):
    """A chunk of the file: its kind, and where its content and its checksum begin."""

    kind: bytes
    content: int
    end: int


def iter_chunks(data: Data) -> Iterator[ChunkPlace]:
    """Yield the chunks before that of the end, until one is not whole. No checksum is compared."""
    at = len(SIGNATURE)
    while (kind := bytes(data[at + LENGTH_BYTES : at + HEAD_BYTES])) not in {b"", END}:
        content = at + HEAD_BYTES
        end = content + int.from_bytes(data[at : at + LENGTH_BYTES])
        if end + CRC_BYTES > len(data):
            return
        yield ChunkPlace(kind, content, end)
        at = end + CRC_BYTES


def build_chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(LENGTH_BYTES) + kind + content + compute_crc(kind, content)


def compute_crc(kind: bytes, content: bytes) -> bytes:
    return crc32(content, crc32(kind)).to_bytes(CRC_BYTES)
