"""GIF: up to 256 colours chosen for the picture, dithered, effort 4.

Efforts below 4 save little time (686 against 942 ms for a 1600 pixel photo) and choose colours that
leave blotches in gradients: off by 18 levels of 255 at 320 pixels instead of 13, once blurred as an
eye does. libvips' default, effort 7, is off by 8, and saves 10 %, for 2 to 4 times the time.

A pixel of an animation that hardly differs from the frame before is left as it is. That
saves 45 % of a clip of 320x180 pixels where something moves before a still background, for a loss
of 0.1 dB, and nothing of one that moves as a whole; twice the difference saves 63 % for 0.4 dB. A
palette for every frame, not only where the last one is too far off, takes 4 to 12 % more and gains
nothing for the first clip, and for the second 3.6 dB, beyond 39.
"""

from typing import Final

from imagemill.imaging.libvips import Image, Target
from imagemill.imaging.spec.plain import Output

EFFORT: Final = 4

# A distance in red, green and blue, of 255 each.
MAX_UNSEEN_DIFFERENCE: Final = 4


def save(image: Image, target: Target, output: Output, keep: str) -> None:
    image.gifsave_target(
        target, effort=output.effort or EFFORT, interframe_maxerror=MAX_UNSEEN_DIFFERENCE, keep=keep
    )
