"""The picture formats that imagemill knows, and how the first bytes of a file tell them apart."""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

FormatName = Literal["jpeg", "png", "webp"]

# So many first bytes are enough for `sniff`.
SNIFF_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Format:
    """A picture format. `extension` starts with its dot; `max_side` is what its header can hold."""

    name: FormatName
    media_type: str
    extension: str
    has_alpha: bool
    max_side: int

    def file(self, folder: Path, name: str) -> Path:
        """Return where an output of this name and format lies."""
        return folder / f"{name}{self.extension}"


JPEG: Final = Format("jpeg", "image/jpeg", ".jpg", has_alpha=False, max_side=65535)
PNG: Final = Format("png", "image/png", ".png", has_alpha=True, max_side=2**31 - 1)
WEBP: Final = Format("webp", "image/webp", ".webp", has_alpha=True, max_side=16383)

FORMATS: Final = MappingProxyType({format_.name: format_ for format_ in (JPEG, PNG, WEBP)})

MEDIA_TYPES: Final = MappingProxyType({format_.media_type: format_ for format_ in FORMATS.values()})


def sniff(head: bytes) -> Format | None:
    """Return the format that a file with these first bytes claims to have; None for any other."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    return None
