"""Animated PNGs, put together chunk by chunk, and what is shown of them by W3C PNG, 4.9."""

from dataclasses import dataclass, replace
from itertools import count
from struct import pack
from zlib import compress, crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 24, 16
KEEP, CLEAR, RESTORE = range(3)
COVER, OVER = range(2)


@dataclass(frozen=True)
class Part:
    """A frame of one colour: its place, and how it is laid on what was there and disposed of."""

    left: int
    top: int
    width: int
    height: int
    color: tuple[int, int, int, int]
    disposal: int = KEEP
    blend: int = COVER
    delay: tuple[int, int] = (1, 10)

    def rows(self) -> NDArray[np.uint8]:
        return np.full((self.height, self.width, 4), self.color, np.uint8)


RED, BLUE, FAINT = (220, 30, 30, 255), (30, 50, 200, 255), (20, 160, 40, 100)
CLEAR_ALL = (0, 0, 0, 0)
WHOLE = Part(0, 0, WIDTH, HEIGHT, RED)
SEQUENCES = {
    "over": [WHOLE, Part(4, 4, 10, 8, FAINT, blend=OVER), Part(8, 2, 9, 9, FAINT, blend=OVER)],
    "cover": [WHOLE, Part(4, 4, 10, 8, FAINT), Part(8, 2, 9, 9, CLEAR_ALL)],
    "clear": [
        replace(WHOLE, disposal=CLEAR),
        Part(4, 4, 10, 8, BLUE, CLEAR),
        Part(0, 0, 2, 2, RED),
    ],
    "restore": [WHOLE, Part(4, 4, 10, 8, BLUE, RESTORE), Part(20, 9, 4, 4, FAINT, blend=OVER)],
    "restore the first": [replace(WHOLE, disposal=RESTORE), Part(4, 4, 10, 8, BLUE)],
}


def chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))


def apng(
    parts: list[Part], *, plays: int = 0, poster: Part | None = None, announced: int | None = None
) -> bytes:
    """Return the file; a `poster` is a picture that is no part of the animation."""
    header = pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0)
    control = pack(">II", len(parts) if announced is None else announced, plays)
    chunks = [chunk(b"IHDR", header), chunk(b"acTL", control)]
    if poster is not None:
        chunks.append(chunk(b"IDAT", packed(poster)))
    sequence = count()
    for number, part in enumerate(parts):
        place = (part.width, part.height, part.left, part.top)
        said = pack(">IIIIIHHBB", next(sequence), *place, *part.delay, part.disposal, part.blend)
        chunks.append(chunk(b"fcTL", said))
        data = packed(part)
        half = len(data) // 2
        for piece in (data[:half], data[half:]):  # which may be in several chunks
            is_first = number == 0 and poster is None
            kind, start = (b"IDAT", b"") if is_first else (b"fdAT", pack(">I", next(sequence)))
            chunks.append(chunk(kind, start + piece))
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, chunk(b"IEND", b"")])


def packed(part: Part) -> bytes:
    return compress(b"".join(b"\0" + row.tobytes() for row in part.rows()))


def composed(parts: list[Part]) -> list[Image.Image]:
    canvas = np.zeros((HEIGHT, WIDTH, 4))
    frames = []
    for number, part in enumerate(parts):
        before = canvas.copy()
        place = np.s_[part.top : part.top + part.height, part.left : part.left + part.width]
        above, below = part.rows() / 255, canvas[place] / 255
        if part.blend == OVER:
            alpha = above[..., 3:] + below[..., 3:] * (1 - above[..., 3:])
            mixed = above[..., :3] * above[..., 3:]
            mixed = mixed + below[..., :3] * below[..., 3:] * (1 - above[..., 3:])
            above = np.concatenate([mixed / np.maximum(alpha, 1e-9), alpha], -1)
        canvas[place] = (above * 255).round()
        frames.append(Image.fromarray(canvas.astype(np.uint8)))
        if part.disposal == CLEAR or (part.disposal == RESTORE and number == 0):
            canvas[place] = 0
        elif part.disposal == RESTORE:
            canvas = before
    return frames
