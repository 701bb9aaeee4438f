"""The blocks of a GIF, where its decoder differs from browsers or does not report damage.

To libvips, a file that ends in the middle of a frame is an animation of the frames before it.
Around a first frame that is smaller than the screen, and where a frame is cleared, it may paint a
colour of the palette, and browsers nothing. Source: GIF89a, sections 18 to 23 and appendix B.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from struct import pack, unpack_from
from types import MappingProxyType
from typing import Final

from imagemill.imaging.engine.decoders.frame_parts import Blend, Disposal, FramePart
from imagemill.imaging.errors import InvalidImage
from imagemill.imaging.file_data import Data

# Offsets of the screen's size, its flags and its end.
SCREEN_AT: Final = 6
SCREEN_FLAGS: Final = 10
SCREEN_END: Final = 13

EXTENSION: Final = 0x21
FRAME: Final = 0x2C
TRAILER: Final = b";"
FRAME_FLAGS: Final = 9
FRAME_END: Final = 10

HAS_TABLE: Final = 0x80
TABLE_SIZE: Final = 0x07

# What is said of the next frame: its disposal, and whether an index is transparent, and which.
CONTROL: Final = 0xF9
CONTROL_FLAGS: Final = 3
CONTROL_INDEX: Final = 6
CONTROL_BYTES: Final = 8
IS_TRANSPARENT: Final = 1
DISPOSAL_SHIFT: Final = 2
DISPOSAL_MASK: Final = 7
DISPOSALS: Final = MappingProxyType({2: Disposal.CLEAR, 3: Disposal.RESTORE})


@dataclass(frozen=True, slots=True)
class GifFrame:
    """A frame: its place in pixels, where its descriptor and what follows it begin.

    `transparent` is the index that shows what was there, None if there is none.
    """

    left: int
    top: int
    width: int
    height: int
    start: int
    end: int
    disposal: Disposal
    transparent: int | None


def read_frames(data: Data) -> Sequence[GifFrame]:
    """Return the frames. Raises InvalidImage when a GIF ends before its last one does.

    It may end after a frame, or in a comment or an application's data, without the trailer. What is
    neither of the two kinds of blocks is the trailer, or decoders take it for that.
    """
    frames: list[GifFrame] = []
    disposal, transparent, is_in_frame = Disposal.KEEP, None, False
    try:
        at = _skip_table(data, SCREEN_FLAGS, SCREEN_END)
        while (kind := data[at]) in {EXTENSION, FRAME}:
            if kind == FRAME:
                is_in_frame = True
                start, at = at, _skip_frame(data, at)
                frames.append(_read_frame(data, start, at, disposal, transparent))
                disposal, transparent, is_in_frame = Disposal.KEEP, None, False
            else:
                start, is_control = at, data[at + 1] == CONTROL
                is_in_frame = is_in_frame or is_control
                at = _skip_data(data, at + 2)
                if is_control and at - start >= CONTROL_BYTES:
                    disposal, transparent = _read_control(data, start)
    except IndexError as error:
        if is_in_frame or not frames:
            raise InvalidImage("The picture cannot be decoded: the GIF is truncated.") from error
    return frames


def is_shown_differently(frames: Sequence[GifFrame], width: int, height: int) -> bool:
    """Return whether browsers show these frames on a screen of this size as libvips may not."""
    return any(frame.disposal is not Disposal.KEEP for frame in frames[:-1]) or any(
        (frame.left, frame.top) != (0, 0) or frame.width < width or frame.height < height
        for frame in frames[:1]
    )


def iter_parts(data: Data, frames: Sequence[GifFrame]) -> Iterator[FramePart]:
    """Yield the frames as files of their own."""
    for frame in frames:
        yield FramePart(
            frame.left,
            frame.top,
            frame.width,
            frame.height,
            frame.disposal,
            Blend.MASK,
            partial(_encode_alone, data, frame),
        )


def _encode_alone(data: Data, frame: GifFrame) -> bytes:
    """Return a GIF of one frame that fills its screen."""
    size = pack("<HH", frame.width, frame.height)
    table_end = _skip_table(data, SCREEN_FLAGS, SCREEN_END)
    screen = data[:SCREEN_AT] + size + data[SCREEN_FLAGS:table_end]
    flags = 0 if frame.transparent is None else IS_TRANSPARENT
    index = frame.transparent or 0
    control = bytes([EXTENSION, CONTROL, 4, flags, 0, 0, index, 0])
    descriptor = bytes([FRAME, 0, 0, 0, 0]) + size
    rest = data[frame.start + FRAME_FLAGS : frame.end]
    return screen + control + descriptor + rest + TRAILER


def _read_frame(
    data: Data, start: int, end: int, disposal: Disposal, transparent: int | None
) -> GifFrame:
    left, top, width, height = unpack_from("<HHHH", data, start + 1)
    return GifFrame(left, top, width, height, start, end, disposal, transparent)


def _read_control(data: Data, start: int) -> tuple[Disposal, int | None]:
    flags = data[start + CONTROL_FLAGS]
    index = data[start + CONTROL_INDEX] if flags & IS_TRANSPARENT else None
    return DISPOSALS.get(flags >> DISPOSAL_SHIFT & DISPOSAL_MASK, Disposal.KEEP), index


def _skip_frame(data: Data, at: int) -> int:
    at = _skip_table(data, at + FRAME_FLAGS, at + FRAME_END)
    return _skip_data(data, at + 1)  # the byte is LZW's code size


def _skip_table(data: Data, flags_at: int, table_at: int) -> int:
    flags = data[flags_at]
    return table_at + (3 << (flags & TABLE_SIZE) + 1 if flags & HAS_TABLE else 0)


def _skip_data(data: Data, at: int) -> int:
    """Return the offset after a chain of sub-blocks, each of which begins with its length."""
    while length := data[at]:
        at += 1 + length
    return at + 1
