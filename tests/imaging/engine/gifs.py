"""GIFs whose frames cover a part, and what browsers show of them."""

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from imaging.animations import PALETTE, Patch

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH, HEIGHT = 32, 24
WHOLE = WIDTH * HEIGHT

# Magenta all over; then a green part, disposed of as given; then one with holes, and a last one.
GREEN_PART = (6, 4, 14, 12)
HOLED_PART = (10, 8, 12, 12)


def patches(disposal: int, *, is_interlaced: bool = False) -> list[Patch]:
    holed = [2 if number % 3 else 7 for number in range(12 * 12)]
    return [
        Patch(0, 0, WIDTH, HEIGHT, [4] * WHOLE, delay=5, is_interlaced=is_interlaced),
        Patch(*GREEN_PART, [1] * (14 * 12), disposal, is_interlaced=is_interlaced),
        Patch(*HOLED_PART, holed, transparent=7, delay=0, is_interlaced=is_interlaced),
        Patch(24, 2, 4, 4, [3] * 16, delay=100, is_interlaced=is_interlaced),
    ]


def composed(patches: list[Patch]) -> list[Image.Image]:
    """Draw what browsers show: what is cleared, or was never drawn, is transparent."""
    canvas: NDArray[np.uint8] = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    frames = []
    for patch in patches:
        before = canvas.copy()
        place = np.s_[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
        indices = np.array(patch.indices).reshape(patch.height, patch.width)
        colors = np.dstack([np.array(PALETTE, np.uint8)[indices], np.full(indices.shape, 255)])
        covers = indices != (-1 if patch.transparent is None else patch.transparent)
        canvas[place][covers] = colors[covers]
        frames.append(Image.fromarray(canvas.copy()))
        if patch.disposal == 2:
            canvas[place] = 0
        elif patch.disposal == 3:
            canvas = before
    return frames


# Each begins with a first frame that leaves something out, or has one that goes back to nothing.
SPECIAL = {
    "small first": [Patch(10, 6, 8, 8, [1] * 64), Patch(0, 0, 4, 4, [2] * 16)],
    "small first, cleared": [Patch(10, 6, 8, 8, [1] * 64, 2), Patch(0, 0, 4, 4, [2] * 16)],
    "small first with holes": [
        Patch(10, 6, 8, 8, [1, 7] * 32, transparent=7),
        Patch(0, 0, 4, 4, [2] * 16, 2),
        Patch(12, 6, 8, 8, [3] * 64),
    ],
    "first to be restored": [
        Patch(0, 0, WIDTH, HEIGHT, [4] * WHOLE, 3),
        Patch(5, 5, 4, 4, [2] * 16),
    ],
    "restored twice": [
        Patch(0, 0, WIDTH, HEIGHT, [4] * WHOLE),
        Patch(5, 5, 8, 8, [2] * 64, 3),
        Patch(8, 8, 8, 8, [1, 7] * 32, 3, transparent=7),
        Patch(20, 2, 4, 4, [3] * 16),
    ],
    "cleared, then restored": [
        Patch(0, 0, WIDTH, HEIGHT, [4] * WHOLE),
        Patch(5, 5, 8, 8, [2] * 64, 2),
        Patch(8, 8, 8, 8, [1] * 64, 3),
        Patch(20, 2, 4, 4, [3] * 16, 2, transparent=3),
        Patch(0, 0, 2, 2, [6] * 4),
    ],
}
