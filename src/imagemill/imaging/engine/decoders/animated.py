"""Animations that libvips does not read as browsers show them: some GIFs, and animated PNGs.

The frames of an AVIF with a sequence are counted, since its decoder has only the still picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imagemill.imaging.engine.decoders import load
from imagemill.imaging.engine.decoders.apng import read_apng
from imagemill.imaging.engine.decoders.avif_sequence import count_sequence_frames
from imagemill.imaging.engine.decoders.frame_parts import FramePart, compose_frames, leave_holes
from imagemill.imaging.engine.decoders.gif_blocks import (
    is_shown_differently,
    iter_parts,
    read_frames,
)
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import AVIF, GIF, PNG, Format
from imagemill.imaging.libvips import Image


@dataclass(frozen=True, slots=True)
class Animation:
    """What a file says of its animation beyond what libvips reads.

    `timing` is None where libvips has it. There are no `parts` where the frames cannot be decoded.
    `is_first_plain`: a plain decode gives the first frame.
    """

    frames: int
    has_alpha: bool
    timing: Timing | None = None
    parts: Sequence[FramePart] = ()
    is_first_plain: bool = True

    def iter_frames(self, format_: Format, width: int, height: int) -> Iterator[Image]:
        """Yield the frames, whole and in memory."""
        for frame in compose_frames(self.parts, width, height, lambda part: load(part, format_)):
            yield frame if self.has_alpha else frame[: frame.bands - 1]


def read_animation(data: Data, format_: Format, image: Image) -> Animation | None:
    """Return what the file says; None where libvips does all. Raises InvalidImage for damage."""
    if format_ is GIF:
        return _read_gif(data, image)
    if format_ is PNG:
        return _read_png(data, image)
    frames = count_sequence_frames(data) if format_ is AVIF else 0
    return Animation(frames, image.hasalpha()) if frames > 1 else None


def _read_gif(data: Data, image: Image) -> Animation | None:
    frames = read_frames(data)
    if not is_shown_differently(frames, image.width, image.height):
        return None
    parts = list(iter_parts(data, frames))
    return Animation(len(frames), _has_alpha(image, parts), parts=parts, is_first_plain=False)


def _read_png(data: Data, image: Image) -> Animation | None:
    apng = read_apng(data)
    if apng is None or len(apng.frames) == 1:
        return None
    timing = Timing(tuple(frame.delay for frame in apng.frames), apng.plays)
    parts = list(apng.iter_parts(data))
    return Animation(len(parts), _has_alpha(image, parts), timing, parts)


def _has_alpha(image: Image, parts: Sequence[FramePart]) -> bool:
    return bool(image.hasalpha()) or leave_holes(parts, image.width, image.height)
