"""The segments of a JPEG, and where it ends. Source: ITU-T T.81, annex B."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from imagemill.imaging.file_data import Data

START: Final = b"\xff\xd8"
END: Final = b"\xff\xd9"

# A segment begins with its marker, of two bytes, and its length without that, of two more.
HEAD_BYTES: Final = 4

# Start of frame, in all its kinds; three markers of the range mean something else.
FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE_MARKERS: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
SCAN: Final = 0xDA
# All but those that consist of their marker: TEM, RST0 to RST7, SOI, EOI.
WITH_LENGTH: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd9\xff]")
# In the data of a scan 0xff is followed by 0x00, or by the number of a restart.
AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

COEFFICIENTS: Final = 64


class Segment(NamedTuple):
    """A segment of the file: where its marker, its content and what follows it begin."""

    marker: int
    at: int
    content: int
    end: int


def iter_segments(data: Data) -> Iterator[Segment]:
    """Yield the segments that have a length, and pass over what is between them, as libjpeg does.

    The last may end beyond the data, and one whose length is less than its own two bytes before
    its content.
    """
    at = 0
    while found := WITH_LENGTH.search(data, at):
        start, length_at = found.span()
        content = start + HEAD_BYTES
        end = length_at + int.from_bytes(data[length_at:content])
        yield Segment(data[start + 1], start, content, end)
        at = max(content, end)


def find_end(data: Data) -> int | None:
    """Return the offset of the marker that ends the picture, EOI; None where there is none.

    Other pictures may follow it, the thumbnail before it has one of its own, and a table or a
    comment between two scans may have its bytes.
    """
    for segment in iter_segments(data):
        if segment.marker == SCAN:
            following = AFTER_SCAN.search(data, segment.end)
            if following and following[0] == END:
                return following.start()
    return None


def has_all_scans(data: Data) -> bool:
    """Return whether a progressive JPEG has the last bit of every coefficient; True for others.

    Source: T.81, G.1.1.1 and B.2.3: a scan has coefficients Ss to Se of some components, down to
    the bit Al.
    """
    missing: set[tuple[int, int]] = set()
    for marker, _, start, end in iter_segments(data):
        content = data[start:end]
        if marker in FRAME_MARKERS - PROGRESSIVE_MARKERS:
            return True
        if marker in PROGRESSIVE_MARKERS:
            missing = {(one, at) for one in content[6::3] for at in range(COEFFICIENTS)}
        if marker == SCAN and content and len(content) == 4 + 2 * content[0]:
            first, last, bits = content[-3:]
            if not bits & 0x0F:
                components = content[1:-3:2]
                missing -= {(one, at) for one in components for at in range(first, last + 1)}
    return not missing


def count_samples_per_pixel(samplings: Sequence[int]) -> float:
    """Return the samples for each pixel: 1.5 with the usual subsampling, 3 without; 0 for a fault.

    `samplings` have how often each component is sampled across (upper four bits) and down (lower
    four). Source: T.81, A.1.1.
    """
    across, down = [one >> 4 for one in samplings], [one & 0x0F for one in samplings]
    whole = max(across, default=0) * max(down, default=0)
    taken = sum(one * other for one, other in zip(across, down, strict=True))
    return taken / whole if whole else 0.0
