"""The segments of a JPEG, and where it ends. Source: ITU-T T.81, annex B."""

from collections.abc import Iterator
from typing import Final

from imagemill.imaging.file_data import Data

END: Final = b"\xff\xd9"

# Start of frame, in all its kinds; three markers of the range mean something else.
FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE_MARKERS: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
SCAN: Final = 0xDA
# Segments that consist of their marker: TEM, RST0 to RST7, SOI, EOI.
WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xDA)})

COEFFICIENTS: Final = 64


def iter_segments(data: Data) -> Iterator[tuple[int, int, int]]:
    """Yield each marker with the start and the end of its segment."""
    at = 0
    while (at := data.find(b"\xff", at)) >= 0:
        while (marker := data[at : at + 1]) == b"\xff":
            at += 1
        at += 1
        if not marker or marker[0] in WITHOUT_LENGTH or marker[0] == 0:
            continue
        start, length = at + 2, int.from_bytes(data[at : at + 2]) - 2
        at = start + max(0, length)
        yield marker[0], start, at


def find_end(data: Data) -> int | None:
    """Return the offset of the marker that ends the picture, EOI; None where there is none.

    Other pictures may follow it, and the thumbnail before it has one of its own. In the data of a
    scan 0xff is followed by another byte.
    """
    for marker, _, scan in iter_segments(data):
        if marker == SCAN:
            at = data.find(END, scan)
            return at if at >= 0 else None
    return None


def has_all_scans(data: Data) -> bool:
    """Return whether a progressive JPEG has the last bit of every coefficient; True for others.

    Source: T.81, G.1.1.1 and B.2.3: a scan has coefficients Ss to Se of some components, down to
    the bit Al.
    """
    missing: set[tuple[int, int]] = set()
    for marker, start, end in iter_segments(data):
        segment = data[start:end]
        if marker in FRAME_MARKERS - PROGRESSIVE_MARKERS:
            return True
        if marker in PROGRESSIVE_MARKERS:
            missing = {(one, at) for one in segment[6::3] for at in range(COEFFICIENTS)}
        if marker == SCAN and segment and len(segment) == 4 + 2 * segment[0]:
            first, last, bits = segment[-3:]
            if not bits & 0x0F:
                components = segment[1:-3:2]
                missing -= {(one, at) for one in components for at in range(first, last + 1)}
    return not missing
