"""Verification of an output: what was written is opened again before it leaves the process."""

from dataclasses import dataclass

from imagemill.errors import Rejected
from imagemill.imaging.engine.gain_map import read_gain_map
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.header import Header, open_image
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.file_data import MAX_INLINE_BYTES, Data
from imagemill.imaging.formats import TIFF, Format
from imagemill.imaging.libvips import Image
from imagemill.imaging.metadata.gps import has_position, tiff_has_position
from imagemill.imaging.result import WrittenOutput


class BadOutput(Exception):
    """The engine wrote a file that differs from what it should be."""


@dataclass(frozen=True, slots=True)
class ExpectedOutput:
    """What an output's file must be; it may have fewer frames than `frames`, if some were equal."""

    name: str
    format: Format
    size: Size
    frames: int
    timing: Timing
    may_have_position: bool = False
    has_gain_map: bool = False


def verify_output(data: Data, expected: ExpectedOutput) -> WrittenOutput:
    """Open the output again and return its facts. Raises BadOutput unless they are as expected."""
    name, format_, size = expected.name, expected.format, expected.size
    try:
        header, image = open_image(data)
    except Rejected as error:
        raise BadOutput(f"{name} cannot be opened again") from error
    if header.format is not format_ or header.stored not in _allowed_sizes(format_, size):
        raise BadOutput(
            f"{name} is {header.format.name} of {header.stored}, not {format_.name} of {size}"
        )
    _check_frames(header, expected)
    has_any_position = has_position(image) or (format_ is TIFF and tiff_has_position(data))
    if has_any_position and not expected.may_have_position:
        raise BadOutput(f"{name} contains the position where the picture was taken")
    if expected.has_gain_map:
        _check_gain_map(data, expected)
    return WrittenOutput(
        name=name,
        format=format_,
        bytes=len(data),
        content=bytes(data) if len(data) <= MAX_INLINE_BYTES else None,
        width=size.width,
        height=size.height,
        frames=header.frames,
    )


def _check_gain_map(data: Data, expected: ExpectedOutput) -> None:
    """Check that the file has a gain map, and decode it: it has to have the picture's shape."""
    size = expected.size
    try:
        gain_map = read_gain_map(data, size, Image.black(size.width, size.height))
    except Rejected as error:
        raise BadOutput(f"{expected.name} has a gain map that cannot be opened") from error
    if gain_map is None:
        raise BadOutput(f"{expected.name} has no gain map")
    ratio = gain_map.stored.width / size.width * size.height / gain_map.stored.height
    allowed = 1 + 1 / min(gain_map.stored.width, gain_map.stored.height)
    if not 1 / allowed <= ratio <= allowed:
        raise BadOutput(f"{expected.name} of {size} has a gain map of {gain_map.stored}")


def _check_frames(header: Header, expected: ExpectedOutput) -> None:
    """Check the number of frames and their duration.

    Encoders may join equal frames, down to one, but keep their total duration.
    """
    wanted, found, timing = expected.frames, header.frames, expected.timing
    if found > wanted or (found > 1 and header.timing.duration != timing.duration):
        raise BadOutput(
            f"{expected.name} has {found} frames for {header.timing.duration} ms,"
            f" not {wanted} for {timing.duration} ms"
        )


def _allowed_sizes(format_: Format, size: Size) -> set[Size]:
    """Return the sizes that decoding may find: a kept orientation may have been applied."""
    return {size, size.transpose()} if format_.applies_orientation else {size}
