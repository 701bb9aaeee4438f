"""Attaches to a decoded image what libvips' own loaders would attach."""

from typing import Final

from imagemill.imaging.color.profiles import attach_profile
from imagemill.imaging.libvips import GValue, Image
from imagemill.imaging.metadata.blocks import EXIF, ORIENTATION, XMP, set_block
from imagemill.imaging.metadata.rights.exif import PREFIX

ORIENTATION_FIELDS: Final = (ORIENTATION, "exif-ifd0-Orientation")


def attach_facts(
    image: Image, *, bits: int, exif: bytes = b"", xmp: bytes = b"", profile: bytes | None = None
) -> Image:
    """Return the upright image with the bits of a sample in its file, blocks and profile.

    The orientation in the EXIF is removed: the decoder has applied it.
    """
    image = image.copy()
    image.set_type(GValue.gint_type, "bits-per-sample", bits)
    if exif:  # libvips parses it at once
        image = set_block(image, EXIF, PREFIX + exif.removeprefix(PREFIX))
        for name in ORIENTATION_FIELDS:
            image.remove(name)
    if xmp:
        image = set_block(image, XMP, xmp)
    return attach_profile(image, profile) if profile else image
