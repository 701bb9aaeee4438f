"""The number of frames of an AVIF with a sequence, of which its decoder has only the still picture.

Source: ISO/IEC 14496-12, 8.2 to 8.7 (tracks, and the table of their samples).
"""

from typing import Final

from imagemill.imaging.file_data import Data
from imagemill.imaging.iso_boxes import Box, find_box, iter_boxes

# In a track's handler, after version and 4 bytes; alpha has a track and a handler of its own.
PICTURES: Final = b"pict"
HANDLER_AT: Final = 8
# In the table of sizes, after version and one size for all.
COUNT_AT: Final = 8
SAMPLE_SIZES: Final = (b"minf", b"stbl", b"stsz")


def count_sequence_frames(data: Data) -> int:
    """Return the number of frames of the first track of pictures; 0 if there is none."""
    movie = find_box(data, b"moov")
    tracks = iter_boxes(data, movie.content, movie.end) if movie else ()
    for track in tracks:
        media = find_box(data, b"mdia", track.content, track.end)
        handler = find_box(data, b"hdlr", media.content, media.end) if media else None
        if media and handler and _has_pictures(data, handler):
            return _count_samples(data, media)
    return 0


def _has_pictures(data: Data, handler: Box) -> bool:
    at = handler.content + HANDLER_AT
    return data[at : at + len(PICTURES)] == PICTURES


def _count_samples(data: Data, media: Box) -> int:
    box: Box | None = media
    for kind in SAMPLE_SIZES:
        box = find_box(data, kind, box.content, box.end) if box else None
    at = box.content + COUNT_AT if box else 0
    return int.from_bytes(data[at : at + 4]) if box else 0
