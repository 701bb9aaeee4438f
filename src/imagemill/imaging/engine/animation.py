"""Takes apart and joins the tall images in which libvips has animations, frame below frame."""

from collections.abc import Iterator
from typing import Final

from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.libvips import GValue, Image

# What libvips notes on the tall image. On a frame alone it would be wrong.
FRAME_FIELDS: Final = ("page-height", "n-pages", "delay", "loop")


def split_frames(tall: Image, height: int) -> Iterator[Image]:
    """Yield the frames of this height, from the first."""
    for top in range(0, tall.height, height):
        frame = tall.crop(0, top, tall.width, height).copy()
        for note in FRAME_FIELDS:
            frame.remove(note)
        yield frame


def join_frames(picture: Picture, timing: Timing) -> Image:
    """Return the picture as encoders want it: an animation as one tall image.

    Its frames are finished one after the other. An encoder that pulls 770 of them through their
    steps itself keeps buffers for all: 2.2 GB instead of 1.0, in 1.8 times the time.
    """
    if picture.frames == 1:
        return picture.first
    frames = [frame.copy_memory() for frame in picture.shown()]
    tall = Image.arrayjoin(frames, across=1).copy()
    tall.set_type(GValue.gint_type, "page-height", frames[0].height)
    tall.set_type(GValue.array_int_type, "delay", timing.delays)
    tall.set_type(GValue.gint_type, "loop", timing.plays)
    return tall
