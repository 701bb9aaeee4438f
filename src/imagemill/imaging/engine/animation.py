"""Conversion between frames and the tall image that libvips has for an animation."""

from collections.abc import Iterator
from typing import Final

from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.libvips import GValue, Image

# Metadata of the tall image that would be wrong on a single frame.
FRAME_FIELDS: Final = ("page-height", "n-pages", "delay", "loop")


def split_frames(tall: Image, height: int) -> Iterator[Image]:
    """Yield the frames, each of this height in pixels, in order."""
    for top in range(0, tall.height, height):
        frame = tall.crop(0, top, tall.width, height).copy()
        for name in FRAME_FIELDS:
            frame.remove(name)
        yield frame


def join_frames(picture: Picture, timing: Timing) -> Image:
    """Return the image for an encoder: of an animation, all frames one below the other.

    Frames are computed one after the other. An encoder that pulls 770 of them through their steps
    itself keeps buffers for all: 2.2 GB instead of 1.0, in 1.8 times the time.
    """
    if picture.frames == 1:
        return picture.first
    frames = [frame.copy_memory() for frame in picture.iter_frames()]
    tall = Image.arrayjoin(frames, across=1).copy()
    tall.set_type(GValue.gint_type, "page-height", frames[0].height)
    tall.set_type(GValue.array_int_type, "delay", timing.delays)
    tall.set_type(GValue.gint_type, "loop", timing.plays)
    return tall
