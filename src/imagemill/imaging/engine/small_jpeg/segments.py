"""Facts of a JPEG from the segments before its first scan. Pure.

Source: ITU-T T.81, B.1 and B.2.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.jpeg_segments import (
    FRAME_MARKERS,
    SCAN,
    START,
    count_samples_per_pixel,
    iter_segments,
)

BASELINE: Final = 0xC0
PROGRESSIVE: Final = 0xC2

APP1: Final = 0xE1
APP2: Final = 0xE2
APP14: Final = 0xEE

EXIF: Final = b"Exif"
PROFILE: Final = b"ICC_PROFILE\0"

FRAME_BYTES: Final = 6
COMPONENT_BYTES: Final = 3


class Unreadable(Exception):
    """The segments are not as the standard has them, or there are several frames."""


@dataclass(frozen=True, slots=True)
class Segments:
    """What a file says before its first scan.

    `frame` is the marker of the frame, `bits` those of a sample. `numbers` identify the components,
    and `samplings` have how often each is sampled across (upper four bits) and down (lower four).
    `contents` has those of the segments, in their order, by marker.
    """

    frame: int
    bits: int
    size: Size
    numbers: tuple[int, ...]
    samplings: tuple[int, ...]
    contents: Mapping[int, list[bytes]]

    @property
    def samples_per_pixel(self) -> float:
        return count_samples_per_pixel(self.samplings)


def read_segments(data: bytes) -> Segments:
    """Read the segments of a JPEG. Raises Unreadable."""
    contents: dict[int, list[bytes]] = {}
    for marker, content in _iter_segments(data):
        contents.setdefault(marker, []).append(content)
    frames = [(marker, content) for marker in FRAME_MARKERS for content in contents.get(marker, ())]
    if len(frames) != 1:
        raise Unreadable("it has no frame, or several")
    return _describe(*frames[0], contents)


def find_exif(file: Segments) -> list[bytes]:
    """Return the EXIF blocks, which begin with their name."""
    return [content for content in file.contents.get(APP1, ()) if content.startswith(EXIF)]


def find_profile(file: Segments) -> list[bytes]:
    """Return the parts of the colour profile, each after its number and their count."""
    contents = file.contents.get(APP2, ())
    return [content[len(PROFILE) :] for content in contents if content.startswith(PROFILE)]


def _describe(marker: int, frame: bytes, contents: Mapping[int, list[bytes]]) -> Segments:
    if len(frame) < FRAME_BYTES or len(frame) != FRAME_BYTES + COMPONENT_BYTES * frame[5]:
        raise Unreadable("its frame has another length than its components need")
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    samplings = tuple(frame[7::COMPONENT_BYTES])
    if not (height and width and samplings) or not all(s >> 4 and s & 15 for s in samplings):
        raise Unreadable("its frame is empty")
    numbers = tuple(frame[6::COMPONENT_BYTES])
    return Segments(marker, frame[0], Size(width, height), numbers, samplings, contents)


def _iter_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and content of each segment before the first scan, the frame's included."""
    if data[: len(START)] != START:
        raise Unreadable("it does not begin as a JPEG")
    at = len(START)
    for segment in iter_segments(data):
        if not (segment.at == at and segment.content <= segment.end <= len(data)):
            break
        if segment.marker == SCAN:
            return
        yield segment.marker, data[segment.content : segment.end]
        at = segment.end
    raise Unreadable(f"it has no whole segment at {at}")
