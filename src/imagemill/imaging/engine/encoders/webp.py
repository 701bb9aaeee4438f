"""WebP: lossy, effort 2. Without loss, colours that nobody sees are kept too.

libwebp's default, effort 4, takes 2.5 times the time of effort 2 (171 against 68 ms for a 1600
pixel photo) to save 5 %.

Animations need no options of their own: of clips of 320x180 pixels, mixing in lossless frames and
libwebp's own search for the smallest file save nothing, the latter in 1.7 times the time, and
whole frames in between cost up to 40 %.
"""

from typing import Final

from imagemill.imaging.formats import WEBP
from imagemill.imaging.libvips import Image, Target
from imagemill.imaging.spec.plain import Output

EFFORT: Final = 2


def save(image: Image, target: Target, output: Output, keep: str) -> None:
    image.webpsave_target(
        target,
        Q=output.quality or WEBP.default_quality,
        lossless=output.lossless,
        exact=output.lossless,
        effort=EFFORT if output.effort is None else output.effort,
        keep=keep,
    )
