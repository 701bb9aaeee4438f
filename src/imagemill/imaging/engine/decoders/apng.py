"""Animated PNGs: their frames as PNGs of their own, since libvips reads the first picture only.

Source: W3C PNG (third edition), 4.9 and 11.3.6 (acTL, fcTL, fdAT).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from struct import pack, unpack
from types import MappingProxyType
from typing import Final

from imagemill.imaging.engine.decoders.frame_parts import Blend, Disposal, FramePart
from imagemill.imaging.errors import InvalidImage
from imagemill.imaging.file_data import Data
from imagemill.imaging.png_chunks import (
    CRC_BYTES,
    END,
    HEAD_BYTES,
    HEADER,
    PIXELS,
    SIGNATURE,
    ChunkPlace,
    build_chunk,
    iter_chunks,
)

HEADER_BYTES: Final = 13
ANIMATION: Final = b"acTL"
CONTROL: Final = b"fcTL"
# After a number of 4 bytes, what IDAT has.
FRAME_DATA: Final = b"fdAT"
NUMBER_BYTES: Final = 4
SIZE_BYTES: Final = 8

CONTROL_LAYOUT: Final = ">4xIIIIHHBB"
CONTROL_BYTES: Final = 26
# A denominator of 0 means hundredths of a second.
HUNDREDTHS: Final = 100
DISPOSALS: Final = MappingProxyType({1: Disposal.CLEAR, 2: Disposal.RESTORE})
COVERS: Final = 0

# Where something begins and ends.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ApngFrame:
    """A frame: its place in pixels, its time in milliseconds, and where its data is in the file."""

    left: int
    top: int
    width: int
    height: int
    delay: int
    disposal: Disposal
    blend: Blend
    pixels: Sequence[Range]


@dataclass(frozen=True, slots=True)
class Apng:
    """The frames, how often they are played, 0 for ever, and what all of them share.

    That is the content of the header, and the other chunks before the pixels.
    """

    frames: Sequence[ApngFrame]
    plays: int
    header: bytes
    chunks: bytes

    def iter_parts(self, data: Data) -> Iterator[FramePart]:
        for number, frame in enumerate(self.frames):
            # The first one has nothing to go back to.
            clears = number == 0 and frame.disposal is Disposal.RESTORE
            yield FramePart(
                frame.left,
                frame.top,
                frame.width,
                frame.height,
                Disposal.CLEAR if clears else frame.disposal,
                frame.blend,
                partial(_encode_alone, data, self, frame),
            )


def read_apng(data: Data) -> Apng | None:
    """Return what an animated PNG consists of; None for another PNG.

    Raises InvalidImage when the file has fewer frames than it says, or one is beyond the picture.
    """
    head, rest = _split_at_pixels(data)
    kinds = {kind: (start, end) for kind, start, end in head}
    at, until = kinds.get(ANIMATION, (0, 0))
    header = data[slice(*kinds.get(HEADER, (0, 0)))]
    if until - at != SIZE_BYTES or len(header) != HEADER_BYTES:
        return None
    announced, plays = unpack(">II", data[at:until])
    controls = [chunk for chunk in head if chunk[0] == CONTROL]
    found = list(_group_pixels([*controls[-1:], *rest]))[:announced]
    frames = [_read_frame(data[slice(*control)], pixels, header) for control, pixels in found]
    if len(frames) < announced:
        raise InvalidImage("The picture cannot be decoded: the PNG has fewer frames than it says.")
    shared = (
        data[start - HEAD_BYTES : end + CRC_BYTES]
        for kind, start, end in head
        if kind not in {HEADER, ANIMATION, CONTROL}
    )
    return Apng(frames, plays, header, b"".join(shared)) if frames else None


def _split_at_pixels(data: Data) -> tuple[list[ChunkPlace], Iterator[ChunkPlace]]:
    """Return the chunks before the first of pixels, and the others, which are read on demand."""
    chunks = iter_chunks(data)
    head: list[ChunkPlace] = []
    for chunk in chunks:
        if chunk[0] == PIXELS:
            return head, chain([chunk], chunks)
        head.append(chunk)
    return head, iter(())


def _group_pixels(chunks: Iterable[ChunkPlace]) -> Iterator[tuple[Range, list[Range]]]:
    """Yield where the control of each frame is, and its data; a picture before them is left out."""
    control: Range | None = None
    pixels: list[Range] = []
    for kind, start, end in chunks:
        if kind == CONTROL:
            if control is not None:
                yield control, pixels
            control, pixels = (start, end), []
        elif kind == PIXELS:
            pixels.append((start, end))
        elif kind == FRAME_DATA:
            pixels.append((start + NUMBER_BYTES, end))
    if control is not None:
        yield control, pixels


def _read_frame(control: bytes, pixels: Sequence[Range], header: bytes) -> ApngFrame:
    if len(control) != CONTROL_BYTES:
        raise InvalidImage("The picture cannot be decoded: a frame of the PNG is damaged.")
    width, height, left, top, above, below, disposal, blend = unpack(CONTROL_LAYOUT, control)
    whole_width, whole_height = unpack(">II", header[:SIZE_BYTES])
    fits = left + width <= whole_width and top + height <= whole_height
    if not (pixels and width and height and fits):
        raise InvalidImage("The picture cannot be decoded: a frame of the PNG is damaged.")
    delay = round(above * 1000 / (below or HUNDREDTHS))
    laid = Blend.COVER if blend == COVERS else Blend.OVER
    dispose = DISPOSALS.get(disposal, Disposal.KEEP)
    return ApngFrame(left, top, width, height, delay, dispose, laid, pixels)


def _encode_alone(data: Data, apng: Apng, frame: ApngFrame) -> bytes:
    sized = pack(">II", frame.width, frame.height) + apng.header[SIZE_BYTES:]
    pixels = b"".join(bytes(data[start:end]) for start, end in frame.pixels)
    return b"".join(
        (
            SIGNATURE,
            build_chunk(HEADER, sized),
            apng.chunks,
            build_chunk(PIXELS, pixels),
            build_chunk(END, b""),
        )
    )
