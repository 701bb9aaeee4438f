"""Which encoder options a format has, known before there is a picture."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Formats without a quality.
LOSSLESS: Final = frozenset({"png", "gif", "tiff"})

# Formats without a place for a colour profile.
WITHOUT_PROFILE: Final = frozenset({"gif"})

# Which formats have an option. To ask for what PNG and TIFF are anyway is no error.
OPTIONS: Final = MappingProxyType(
    {
        "lossless": frozenset({"webp", "avif", "png", "tiff"}),
        "progressive": frozenset({"jpeg", "png"}),
    }
)

# As their libraries count it; of PNG and TIFF the level of deflate.
EFFORTS: Final[Mapping[str, range]] = MappingProxyType(
    {
        "png": range(1, 10),
        "webp": range(7),
        "avif": range(10),
        "gif": range(1, 11),
        "tiff": range(1, 10),
    }
)
