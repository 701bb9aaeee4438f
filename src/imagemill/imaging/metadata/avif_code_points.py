"""Code points in an AVIF: libvips writes a profile only, so they take the place of one.

Source: ISO/IEC 14496-12, 8.11.14 (iprp, ipco), 12.1.5 (colr) and 8.1.2 (free).
"""

from struct import pack
from typing import BinaryIO, Final

from imagemill.imaging.color.code_points import ColorSpaceTag
from imagemill.imaging.iso_boxes import HEADER_BYTES, VERSION_BYTES, Box, find_box

# The boxes that come before the pixels; libvips writes about a kilobyte.
MAX_START_BYTES: Final = 64 * 1024

# How libheif mixes red, green and blue: not at all in a lossless file, else as in BT.601.
# Source: ITU-T H.273, table 4.
UNMIXED: Final = 0
BT601_MATRIX: Final = 6
FULL_RANGE: Final = 0x80


def replace_profile(avif: BinaryIO, tag: ColorSpaceTag, *, is_lossless: bool) -> None:
    """Replace the profile of the file by the tag's code points.

    The boxes after it move up, and a free box fills the rest, so that no offset changes.
    """
    avif.seek(0)
    start = avif.read(MAX_START_BYTES)
    meta = _find(start, b"meta", 0, len(start))
    properties = _find(start, b"iprp", meta.content + VERSION_BYTES, meta.end)
    stored = _find(start, b"ipco", properties.content, properties.end)
    profile = _find(start, b"colr", stored.content, stored.end)
    matrix = UNMIXED if is_lossless else BT601_MATRIX
    numbers = b"nclx" + pack(">3HB", *(tag.code_points or ()), matrix, FULL_RANGE)
    new = (HEADER_BYTES + len(numbers)).to_bytes(4) + b"colr" + numbers
    saved = profile.end - profile.at - len(new)
    changed = bytearray(start[: profile.at] + new + start[profile.end : meta.end])
    changed += saved.to_bytes(4) + b"free" + bytes(saved - HEADER_BYTES)
    for box in (meta, properties, stored):
        changed[box.at : box.at + 4] = (box.end - box.at - saved).to_bytes(4)
    avif.seek(0)
    avif.write(changed)


def _find(data: bytes, kind: bytes, start: int, end: int) -> Box:
    box = find_box(data, kind, start, end)
    if box is None:
        raise ValueError(f"The AVIF that was written has no {kind.decode()}")
    return box
