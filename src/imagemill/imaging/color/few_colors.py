"""Pictures of few colours: which ones they are, and their pixels as numbers into that list.

Pixels are counted by 16 bits computed from each colour. Where two colours of a picture have the
same ones, others are computed; so what is found is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from imagemill.imaging.libvips import Image

MAX_COLORS: Final = 256
CODES: Final = 65536
MAX_LEVEL: Final = 255

# Multipliers of the channels, by their number. A sum stays below the 24 bits that floats have.
FACTORS: Final[dict[int, Sequence[Sequence[int]]]] = {
    1: ((1,),),
    2: ((1, 256),),
    3: ((1, 263, 8219), (7, 521, 12791), (1031, 37, 15361), (313, 9973, 59)),
    4: ((1, 263, 8219, 4051), (7, 521, 12791, 1571), (1031, 37, 15361, 211), (89, 9973, 59, 6007)),
}


@dataclass(frozen=True, slots=True)
class FewColors:
    """Up to 256 `colors`, in the channels of the picture, and the code of each.

    Those with the least alpha come first, if there is alpha.
    """

    colors: tuple[tuple[int, ...], ...]
    codes: tuple[int, ...]
    factors: Sequence[int]

    @property
    def bits(self) -> int:
        """The bits of a number into the list: 1, 2, 4 or 8."""
        return next(bits for bits in (1, 2, 4, 8) if len(self.colors) <= 2**bits)

    def number(self, image: Image) -> Image:
        """Return the number of each pixel's colour in one band."""
        table = bytearray(CODES)
        for number, code in enumerate(self.codes):
            table[code] = number
        lookup = Image.new_from_memory(bytes(table), CODES, 1, 1, "uchar")
        return _compute_codes(image, self.factors).maplut(lookup)


def find_few_colors(image: Image) -> FewColors | None:
    """Return the colours of a picture of 8 bits; None if they are more than 256.

    Its pixels are read several times.
    """
    for factors in FACTORS[image.bands]:
        codes = _compute_codes(image, factors)
        counts = memoryview(codes.hist_find().write_to_memory()).cast("B").cast("I")
        used = [code for code, count in enumerate(counts) if count]
        if len(used) > MAX_COLORS:
            return None
        colors = _read_colors(image, codes, used)
        if colors is not None:
            ordered = sorted(used, key=lambda code: colors[code][::-1])
            return FewColors(tuple(colors[code] for code in ordered), tuple(ordered), factors)
    return None


def _compute_codes(image: Image, factors: Sequence[int]) -> Image:
    total = image.recomb(Image.new_from_array([list(factors)]))
    return (total.cast("uint") & (CODES - 1)).cast("ushort")


def _read_colors(
    image: Image, codes: Image, used: Sequence[int]
) -> dict[int, tuple[int, ...]] | None:
    """Return the colour of each code; None if there are pixels of one code and several colours.

    They are the same if the highest level of each channel, and of its inverse, are of one colour.
    """
    both = image.bandjoin(image.invert())
    found = both.hist_find_indexed(codes, combine="max").write_to_memory()
    levels, bands = memoryview(found).cast("B").cast("d"), image.bands
    colors = {}
    for code in used:
        start = code * 2 * bands
        highest = tuple(int(level) for level in levels[start : start + bands])
        inverse = tuple(int(level) for level in levels[start + bands : start + 2 * bands])
        if any(one + other != MAX_LEVEL for one, other in zip(highest, inverse, strict=True)):
            return None
        colors[code] = highest
    return colors
