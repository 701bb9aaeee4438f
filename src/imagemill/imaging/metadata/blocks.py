"""Blocks of metadata as libvips carries them along with a picture, under names of its own."""

from typing import Final

from imagemill.imaging.libvips import GValue, Image

EXIF: Final = "exif-data"
XMP: Final = "xmp-data"
IPTC: Final = "iptc-data"

# What libvips has read out of EXIF, and writes back into it where it was changed.
EXIF_FIELDS: Final = "exif-ifd"
ORIENTATION: Final = "orientation"

COMMENTS: Final = "png-comment-"


def get_block(image: Image, name: str) -> bytes:
    """Return the block; an empty one when there is none."""
    return bytes(image.get(name)) if image.get_typeof(name) else b""


def set_block(image: Image, name: str, block: bytes) -> Image:
    changed = image.copy()
    changed.set_type(GValue.blob_type, name, block)
    return changed


def remove_fields(image: Image, *starts: str) -> Image:
    """Return the picture without what has names that start like one of these."""
    names = [name for name in image.get_fields() if name.startswith(starts)]
    if not names:
        return image
    changed = image.copy()
    for name in names:
        changed.remove(name)
    return changed
