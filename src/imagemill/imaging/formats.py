"""The picture formats that imagemill knows, and how the first bytes of a file tell them apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

FormatName = Literal["jpeg", "png", "webp", "avif", "gif", "tiff"]

# HEIC is read and never written.
InputName = FormatName | Literal["heic"]

# So many first bytes are enough for `sniff`: the kinds of AVIF and HEIC stand in a list, which may
# be long.
SNIFF_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Format:
    """A picture format. `extension` starts with its dot; `max_side` is what its header can hold.

    One that `has_frames` holds animations. The pages of a TIFF and the other pictures of an AVIF
    are no frames.
    """

    name: InputName
    media_type: str
    extension: str
    has_alpha: bool
    max_side: int
    has_frames: bool = False

    def file(self, folder: Path, name: str) -> Path:
        """Return where an output of this name and format lies."""
        return folder / f"{name}{self.extension}"


JPEG: Final = Format("jpeg", "image/jpeg", ".jpg", has_alpha=False, max_side=65535)
PNG: Final = Format("png", "image/png", ".png", has_alpha=True, max_side=2**31 - 1)
WEBP: Final = Format("webp", "image/webp", ".webp", has_alpha=True, max_side=16383, has_frames=True)
AVIF: Final = Format("avif", "image/avif", ".avif", has_alpha=True, max_side=16384)
GIF: Final = Format("gif", "image/gif", ".gif", has_alpha=True, max_side=65535, has_frames=True)
TIFF: Final = Format("tiff", "image/tiff", ".tiff", has_alpha=True, max_side=2**31 - 1)
HEIC: Final = Format("heic", "image/heic", ".heic", has_alpha=True, max_side=2**32 - 1)

# What an output may be, and what an input may be.
FORMATS: Final[Mapping[FormatName, Format]] = MappingProxyType(
    {"jpeg": JPEG, "png": PNG, "webp": WEBP, "avif": AVIF, "gif": GIF, "tiff": TIFF}
)
INPUTS: Final[Mapping[InputName, Format]] = MappingProxyType(
    {format_.name: format_ for format_ in (*FORMATS.values(), HEIC)}
)

MEDIA_TYPES: Final = MappingProxyType({format_.media_type: format_ for format_ in FORMATS.values()})


# A TIFF begins with its byte order, then 42, or 43 where offsets have 64 bits.
STARTS: Final = MappingProxyType(
    {
        b"\xff\xd8\xff": JPEG,
        b"\x89PNG\r\n\x1a\n": PNG,
        b"GIF87a": GIF,
        b"GIF89a": GIF,
        b"II*\0": TIFF,
        b"MM\0*": TIFF,
        b"II+\0": TIFF,
        b"MM\0+": TIFF,
    }
)

# A still picture, and a sequence; a sequence that can be shown as a picture lists both.
AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})

# The same for HEVC, by what its decoder must be able to do. Source: ISO/IEC 23008-12, B.4.
HEIC_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
)


def sniff(head: bytes) -> Format | None:
    """Return the format that a file with these first bytes claims to have; None for any other."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    brands = _brands(head)
    if AVIF_BRANDS & brands:
        return AVIF
    if HEIC_BRANDS & brands:
        return HEIC
    return next((found for start, found in STARTS.items() if head.startswith(start)), None)


def _brands(head: bytes) -> set[bytes]:
    """Return the kinds that an ISO base media file says it is: the major one, then the others.

    Source: ISO/IEC 14496-12, 4.3. Between them stands a version, 4 bytes as they all are.
    """
    if head[4:8] != b"ftyp":
        return set()
    listed = head[: int.from_bytes(head[:4])]
    return {listed[at : at + 4] for at in (8, *range(16, len(listed), 4))}
