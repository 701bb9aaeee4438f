"""Whether a colour profile is one of sRGB, of which there are dozens."""

from functools import lru_cache
from itertools import product
from typing import Final

from imagemill.imaging.color.profiles import attach_profile, to_srgb
from imagemill.imaging.libvips import Image

# Red, green and blue of the colours that are converted: all of these with one another.
LEVELS: Final = (0, 8, 32, 64, 96, 128, 160, 192, 224, 255)
COLORS: Final = bytes(level for color in product(LEVELS, repeat=3) for level in color)

MAX_REMEMBERED: Final = 32


@lru_cache(maxsize=MAX_REMEMBERED)
def is_srgb(profile: bytes) -> bool:
    """Return whether libvips, converting colours by this profile, changes none by over a level.

    A profile that libvips ignores is one of sRGB, too.
    """
    colors = Image.new_from_memory(COLORS, len(COLORS) // 3, 1, 3, "uchar")
    tagged = attach_profile(colors.copy(interpretation="srgb"), profile)
    converted = bytes(to_srgb(tagged).write_to_memory())
    return all(abs(one - other) <= 1 for one, other in zip(converted, COLORS, strict=True))
