"""XMP in a PNG: libvips writes it into a chunk that other software does not read.

Source: ISO 16684-3, 3.3 (XMP in PNG: `iTXt`, not compressed, early); W3C PNG, 11.3.3.4.
"""

from typing import Final

from imagemill.imaging.metadata.png_head import Chunk

KIND: Final = b"iTXt"
# Not compressed, in no language.
HEAD: Final = b"XML:com.adobe.xmp\0\0\0\0\0"


def insert_xmp(chunks: list[Chunk], packet: bytes) -> list[Chunk]:
    """Return the chunks with the packet after the first one, or as they are for an empty one."""
    return [chunks[0], (KIND, HEAD + packet), *chunks[1:]] if packet else chunks
