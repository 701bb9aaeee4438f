"""TIFF: lossless, deflate level 3 with a horizontal predictor, which every reader knows.

LZW takes 1.2 times the time of level 3 (78 against 65 ms for a 1600 pixel photo) for a file 3 %
larger; level 6 takes 2.2 times to save 3 %, and no compression makes the file 2.2 times as large.
"""

from typing import Final

from imagemill.imaging.libvips import Image, Target
from imagemill.imaging.spec.plain import Output

LEVEL: Final = 3


def save(image: Image, target: Target, output: Output, keep: str) -> None:
    image.tiffsave_target(
        target,
        compression="deflate",
        predictor="horizontal",
        level=output.effort or LEVEL,
        resunit="inch",
        keep=keep,
    )
