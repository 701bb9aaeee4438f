"""A JPEG's bytes for libvips, and a check that the decoder used them all.

libjpeg stops after the last row. A file whose data was overwritten or lost in the middle may give
it enough bits for all rows before that data ends: it shows noise and reports nothing. So this
source counts what is read. It also ends where the picture ends, and adds the marker of the end
where it is missing: a picture is whole without it, and libjpeg's reports then tell what is not.
"""

from dataclasses import dataclass, field
from typing import Final

from imagemill.imaging.errors import InvalidImage
from imagemill.imaging.file_data import Data
from imagemill.imaging.jpeg_segments import END, find_end, has_all_scans
from imagemill.imaging.libvips import Image, SourceCustom, get_references

# Where reading may end, it is done in steps of this many bytes, to know where it does.
STEP: Final = 128
# libjpeg asks for so many at a time.
BLOCK: Final = 4096
# Bytes beyond the last row that are no damage: some cameras fill a file up before they end it.
TOLERANCE: Final = 2 * STEP

FROM_START, FROM_POSITION = 0, 1


@dataclass(slots=True, eq=False)
class JpegSource:
    """A file's data from its start to `end`, followed by the marker of the end.

    `zeros` is where the zeros before `end` begin; it is `end` where there are none.
    """

    data: Data = field(repr=False)
    end: int
    zeros: int
    position: int = 0

    def read(self, length: int) -> bytes:
        if self.position >= self.end:
            chunk = END[self.position - self.end :][:length]
        else:
            near = min(abs(self.position - self.end), abs(self.position - self.zeros)) <= BLOCK
            until = self.position + min(length, STEP if near else BLOCK)
            chunk = bytes(self.data[self.position : min(until, self.end)])
        self.position += len(chunk)
        return chunk

    def seek(self, offset: int, whence: int) -> int:
        size = self.end + len(END)
        base = {FROM_START: 0, FROM_POSITION: self.position}.get(whence, size)
        self.position = max(0, base + offset)
        return self.position

    def has_left_data(self, unread: int) -> bool:
        """Return whether the decoder has left more data than so much, or has taken zeros for data.

        Zeros after the last row are no data: they may fill a file up.
        """
        is_left = self.position < self.end - TOLERANCE - unread
        are_zeros_left = self.position > self.zeros - TOLERANCE
        has_used_zeros = self.position > self.zeros + TOLERANCE
        return is_left and (has_used_zeros or not are_zeros_left)


def open_jpeg_source(data: Data) -> tuple[SourceCustom, JpegSource]:
    """Return libvips' source of the file, and ours, which has to live as long as images of it.

    Raises InvalidImage for a progressive JPEG that ends before its last scan.
    """
    end = find_end(data)
    if end is None:
        end = len(data)
        if not has_all_scans(data):
            raise InvalidImage("The picture cannot be decoded: the file is truncated.")
    ours = JpegSource(data, end, _find_zeros(data, end))
    source = SourceCustom()
    source.on_read(ours.read)
    source.on_seek(ours.seek)
    return source, ours


def has_left_data(image: Image, unread: int = 0) -> bool:
    """Return whether the decoder of this image, if that of a JPEG, has not used all of its data.

    `unread` bytes of it may belong to rows that were not asked for.
    """
    return any(
        isinstance(reference, JpegSource) and reference.has_left_data(unread)
        for reference in get_references(image)
    )


def _find_zeros(data: Data, end: int) -> int:
    """Return where the zeros before `end` begin."""
    at = end
    while at > 0:
        start = max(0, at - BLOCK)
        rest = len(bytes(data[start:at]).rstrip(b"\0"))
        if rest:
            return start + rest
        at = start
    return 0
