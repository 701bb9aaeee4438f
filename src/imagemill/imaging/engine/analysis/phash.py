"""A perceptual hash: pictures that look alike differ in few of its 64 bits.

Each bit is whether one of the 8x8 longest waves of lightness is stronger than their median. The
bits are those of ImageHash's `phash`, so that hashes of other tools can be compared.
Source: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010,
section 3.2.1; J. Buchner, ImageHash, `phash`.
"""

from typing import Final

from imagemill.imaging.engine.analysis.cosines import make_waves, project
from imagemill.imaging.engine.analysis.pixels import Pixels, fill_invisible

WAVES: Final = 8

# Below this, a wave is a rounding error; its sign would be noise.
DECIMALS: Final = 6


def compute_phash(pixels: Pixels) -> str | None:
    """Return 16 hex digits for a square picture; None when it has no visible pixel."""
    if pixels.is_invisible:
        return None
    # ITU-R BT.601, in 8 bits
    lightness = [
        (299 * red + 587 * green + 114 * blue) / 1000 for red, green, blue, _ in pixels.colors()
    ]
    across, down = make_waves(pixels.width, WAVES, 0.5), make_waves(pixels.height, WAVES, 0.5)
    plane = project(fill_invisible(lightness, pixels.alpha), across, down)
    strengths = [round(value, DECIMALS) for row in plane for value in row]
    ordered, half = sorted(strengths), len(strengths) // 2
    middle = (ordered[half - 1] + ordered[half]) / 2
    bits = "".join("1" if value > middle else "0" for value in strengths)
    return f"{int(bits, 2):016x}"
