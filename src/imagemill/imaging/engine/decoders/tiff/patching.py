"""Tags that libvips stumbles over, replaced in a copy of the file."""

from typing import Final

from imagemill.imaging.engine.decoders.tiff.layout import (
    LAB_KINDS,
    Layout,
    Photometric,
    SampleFormat,
    Tag,
)
from imagemill.imaging.file_data import Data
from imagemill.imaging.metadata.tag_directory import read_directory

ORIENTATIONS: Final = range(1, 9)


def patch(data: Data, layout: Layout) -> Data:
    """Return the file with tags that its decoder accepts; the same data if it accepts them all.

    libvips 8.18 fails on Lab of 8 bits, and reads that in planes or with alpha wrong. As RGB, its
    samples are those that are stored. libtiff fails on an orientation that there is not, such as 0,
    which some programs write for "unknown".
    """
    page = read_directory(data)
    changes: dict[int, int] = {}
    if layout.photometric in LAB_KINDS:
        changes |= {Tag.PHOTOMETRIC: Photometric.RGB, Tag.SAMPLE_FORMAT: SampleFormat.UNSIGNED}
    if page is not None and page.read_integer(Tag.ORIENTATION, 1) not in ORIENTATIONS:
        changes[Tag.ORIENTATION] = 1
    if page is None or not changes:
        return data
    patched = bytearray(data)
    for tag in changes.keys() & page.entries.keys():
        entry = page.entries[tag]
        patched[entry.start : entry.start + entry.length] = page.fill_integers(tag, changes[tag])
    return bytes(patched)
