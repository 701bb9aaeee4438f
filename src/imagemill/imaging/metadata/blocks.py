"""Blocks of metadata attached to an image, by libvips' names."""

from typing import Final

from imagemill.imaging.libvips import GValue, Image

EXIF: Final = "exif-data"
XMP: Final = "xmp-data"
IPTC: Final = "iptc-data"

# The fields that libvips parses EXIF into, and writes back where they were changed.
EXIF_FIELDS: Final = "exif-ifd"
ORIENTATION: Final = "orientation"

COMMENTS: Final = "png-comment-"


def get_block(image: Image, name: str) -> bytes:
    """Return the block, empty when the image has none."""
    return bytes(image.get(name)) if image.get_typeof(name) else b""


def set_block(image: Image, name: str, block: bytes) -> Image:
    """Return a copy of the image with this block."""
    changed = image.copy()
    changed.set_type(GValue.blob_type, name, block)
    return changed


def remove_fields(image: Image, *starts: str) -> Image:
    """Return the image without the fields whose names start with one of these."""
    names = [name for name in image.get_fields() if name.startswith(starts)]
    if not names:
        return image
    changed = image.copy()
    for name in names:
        changed.remove(name)
    return changed
