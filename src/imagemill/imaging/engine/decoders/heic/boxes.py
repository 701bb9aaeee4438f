"""Detection of truncated HEIC files by their boxes, which the decoder does not report.

A camera stores a picture as a grid of tiles. libheif decodes the tiles that a truncated file has,
shows the others in green, and pillow-heif has no option to be stricter.
"""

from imagemill.imaging.errors import InvalidImage, UnsupportedFormat
from imagemill.imaging.iso_boxes import iter_boxes


def check_boxes(data: bytes) -> None:
    """Raise InvalidImage for a truncated file, UnsupportedFormat for an image sequence alone."""
    kinds = set()
    for box in iter_boxes(data):
        # Other boxes may reach beyond the end: some cameras append data after the last one.
        if box.kind == b"mdat" and box.end > len(data):
            raise InvalidImage("The picture cannot be decoded: the file is truncated.")
        kinds.add(box.kind)
    if b"moov" in kinds and b"meta" not in kinds:
        raise UnsupportedFormat(
            "A HEIC with an image sequence and no still picture cannot be opened."
        )
