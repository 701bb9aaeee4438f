"""The header of a JPEG that is done without libvips."""

from typing import Final

from imagemill.imaging.engine.decoders.buffering import COEFFICIENT_BYTES
from imagemill.imaging.engine.header import UPRIGHT, Header
from imagemill.imaging.engine.small_jpeg.obstacles import find_obstacle_in_file
from imagemill.imaging.engine.small_jpeg.orientation import read_orientation
from imagemill.imaging.engine.small_jpeg.segments import (
    PROGRESSIVE,
    Segments,
    Unreadable,
    find_exif,
    find_profile,
    read_segments,
)
from imagemill.imaging.engine.small_jpeg.srgb_profile import is_srgb
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import JPEG
from imagemill.imaging.metadata.density import read_density

STILL: Final = Timing((), 1)

# A profile's number, and how many there are, come before it.
PART_NUMBER_BYTES: Final = 2


def read_header(data: Data) -> Header | None:
    """Return the header as `open_image` does; None when libvips has to decode the file."""
    if not isinstance(data, bytes):  # it is mapped, since it is large
        return None
    try:
        file = read_segments(data)
    except Unreadable:
        return None
    if find_obstacle_in_file(data, file) is not None:
        return None
    exif = next(iter(find_exif(file)), b"")
    orientation = read_orientation(exif) if exif else UPRIGHT
    if orientation is None or not all(
        is_srgb(part[PART_NUMBER_BYTES:]) for part in find_profile(file)
    ):
        return None
    return Header(
        format=JPEG,
        stored=file.size,
        frames=1,
        orientation=orientation,
        has_alpha=False,
        has_few_colors=False,
        buffered_bytes=_count_buffered_bytes(file),
        timing=STILL,
        density=read_density(data, JPEG, exif),
    )


def _count_buffered_bytes(file: Segments) -> int:
    if file.frame != PROGRESSIVE:
        return 0
    return round(file.size.pixels * file.samples_per_pixel * COEFFICIENT_BYTES)
