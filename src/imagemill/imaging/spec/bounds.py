"""Bounds and choices of a pipeline and of its results, for those who do without pydantic."""

from typing import Final, Literal

AnalysisName = Literal["metadata", "blurhash", "thumbhash", "dominant_color", "palette", "phash"]
ColorSpace = Literal["srgb", "p3", "keep"]
KeepMetadata = Literal["none", "icc", "copyright", "all"]

# The analysis that needs only the header; the others need pixels.
METADATA: Final[AnalysisName] = "metadata"

# Positions that depend on the pixels.
STRATEGIES: Final = frozenset({"entropy", "attention"})

MAX_OUTPUTS: Final = 16

# In pixels, of an output and of an input. JPEG's limit; longer lines of a PNG cost memory out of
# proportion to its pixels.
MAX_SIDE: Final = 16384
MAX_INPUT_SIDE: Final = 65535

MAX_PALETTE_COLORS: Final = 6

# Bounds of untrusted EXIF: fields, characters of a text, numbers of a list.
MAX_EXIF_FIELDS: Final = 100
EXIF_NAME_PATTERN: Final = "^[A-Za-z0-9]{1,40}$"
MAX_EXIF_TEXT_LENGTH: Final = 200
MAX_EXIF_NUMBERS: Final = 16
MAX_ICC_NAME_LENGTH: Final = 100

ExifValue = int | float | str | list[float]
