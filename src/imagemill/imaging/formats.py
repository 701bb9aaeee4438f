"""The picture formats: one row of facts each, and recognition of a file by its first bytes.

A fact stands here and nowhere else. What is done with a format stands with the code that does it:
`engine/encoders/` has a module for each format that is written, named after it. Free of libvips.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

FormatName = Literal["jpeg", "png", "webp", "avif", "gif", "tiff", "jxl"]

# These are read and never written.
InputName = FormatName | Literal["heic", "bmp", "ico"]

ColorModel = Literal["rgb", "gray", "cmyk"]
MetadataKind = Literal["exif", "xmp", "iptc", "icc", "comments"]

# The bytes that `sniff` needs: an AVIF or HEIC begins with a list of its brands, which may be long.
SNIFF_BYTES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTiming:
    """How a format counts the time of an animation.

    `tick_ms` is its unit, and `max_delay_ms` the longest time that a frame can be shown, both in
    milliseconds. `max_plays` is the highest number of plays besides endless ones. Browsers show a
    frame of 10 ms or less for 100 ms; unless it `keeps_brief_delays`, libvips writes those 100.
    """

    tick_ms: int
    max_delay_ms: int
    max_plays: int
    keeps_brief_delays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A picture format.

    `extension` starts with its dot. `signature` matches the first bytes of a file, and `brands` are
    those of an ISO base media file; a format has one of the two.

    `loader` is the libvips operation that decodes it, but for the suffix that tells the kind of
    source, and `loader_class` its type in libvips; both are None where another library decodes.
    `stand_in` is what an output becomes that asks for no format, where this one is never written.
    `extra` is the optional dependency of imagemill that the format needs.
    `decodes_whole`: the decoder gives no line before it has decoded the whole picture.
    `progressive_term` is what a file is called that stores ever finer versions of the picture, and
    None where there are no such files; their decoder has to hold all of it too.

    `max_side` is the longest side in pixels that a header can hold. `color_models` and `max_bits`,
    8 or 16 for each channel, are what is written; a picture of others is converted. `metadata`
    names the blocks that a file can carry: "icc" is the colour profile, and a TIFF carries only
    orientation, artist and copyright of "exif". `has_code_points`: a file has a place for the
    numbers of ITU-T H.273 that name primaries and transfer function.

    `default_quality`, 1 to 100, is None where there is no quality. `allows_lossless`: a client may
    ask for a lossless file, also where every file is one; `allows_palette`: for up to 256 colours,
    or for more. `efforts` counts as the format's library does, for PNG and TIFF the level of
    deflate; the default stands with its measurements in the encoder. `applies_orientation`: a file
    states how it is turned, and every decoder turns it. `frame_timing` is None where a file holds a
    single frame: pages of a TIFF and further pictures of an AVIF are no frames.
    """

    name: InputName
    media_type: str
    extension: str
    signature: re.Pattern[bytes] | None = None
    brands: frozenset[bytes] = frozenset()
    loader: str | None = None
    loader_class: str | None = None
    extra: str | None = None
    stand_in: FormatName | None = None
    decodes_whole: bool = False
    progressive_term: str | None = None
    max_side: int
    color_models: frozenset[ColorModel] = frozenset({"rgb"})
    max_bits: int = 8
    has_alpha: bool = True
    metadata: frozenset[MetadataKind] = frozenset()
    has_code_points: bool = False
    default_quality: int | None = None
    allows_lossless: bool = False
    allows_palette: bool = False
    efforts: range | None = None
    applies_orientation: bool = False
    frame_timing: FrameTiming | None = None

    @property
    def has_quality(self) -> bool:
        return self.default_quality is not None

    @property
    def has_frames(self) -> bool:
        return self.frame_timing is not None

    @property
    def has_profile(self) -> bool:
        """Whether a file has a place for a colour profile."""
        return "icc" in self.metadata

    @property
    def allows_progressive(self) -> bool:
        return self.progressive_term is not None

    def file(self, folder: Path, name: str) -> Path:
        """Return the path of an output of this name and format."""
        return folder / f"{name}{self.extension}"


JPEG: Final = Format(
    name="jpeg",
    media_type="image/jpeg",
    extension=".jpg",
    signature=re.compile(rb"\xff\xd8\xff"),
    loader="jpegload",
    loader_class="VipsForeignLoadJpeg",
    progressive_term="progressive",
    max_side=65535,
    color_models=frozenset({"rgb", "gray", "cmyk"}),
    has_alpha=False,
    metadata=frozenset({"exif", "xmp", "iptc", "icc"}),
    default_quality=80,
)
PNG: Final = Format(
    name="png",
    media_type="image/png",
    extension=".png",
    signature=re.compile(rb"\x89PNG\r\n\x1a\n"),
    loader="pngload",
    loader_class="VipsForeignLoadPng",
    progressive_term="interlaced",
    max_side=2**31 - 1,
    color_models=frozenset({"rgb", "gray"}),
    max_bits=16,
    metadata=frozenset({"exif", "xmp", "icc", "comments"}),
    has_code_points=True,
    allows_lossless=True,
    allows_palette=True,
    efforts=range(1, 10),
)
WEBP: Final = Format(
    name="webp",
    media_type="image/webp",
    extension=".webp",
    signature=re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    loader="webpload",
    loader_class="VipsForeignLoadWebp",
    decodes_whole=True,
    max_side=16383,
    metadata=frozenset({"exif", "xmp", "icc"}),
    default_quality=80,
    allows_lossless=True,
    efforts=range(7),
    # A delay has 24 bits, a number of plays 16.
    frame_timing=FrameTiming(
        tick_ms=1, max_delay_ms=2**24 - 1, max_plays=65535, keeps_brief_delays=False
    ),
)
AVIF: Final = Format(
    name="avif",
    media_type="image/avif",
    extension=".avif",
    # A still picture, and a sequence; a sequence that can be shown as a picture lists both.
    brands=frozenset({b"avif", b"avis"}),
    loader="heifload",
    loader_class="VipsForeignLoadHeif",
    decodes_whole=True,
    max_side=16384,
    metadata=frozenset({"exif", "xmp", "icc"}),
    has_code_points=True,
    default_quality=50,
    allows_lossless=True,
    efforts=range(10),
    applies_orientation=True,
)
GIF: Final = Format(
    name="gif",
    media_type="image/gif",
    extension=".gif",
    signature=re.compile(rb"GIF8[79]a"),
    loader="gifload",
    loader_class="VipsForeignLoadNsgif",
    max_side=65535,
    efforts=range(1, 11),
    # A delay counts hundredths of a second in 16 bits. What is counted is not plays but repeats.
    frame_timing=FrameTiming(
        tick_ms=10, max_delay_ms=655350, max_plays=65536, keeps_brief_delays=True
    ),
)
TIFF: Final = Format(
    name="tiff",
    media_type="image/tiff",
    extension=".tiff",
    # The byte order, then 42, or 43 where offsets have 64 bits.
    signature=re.compile(rb"II[*+]\0|MM\0[*+]"),
    loader="tiffload",
    loader_class="VipsForeignLoadTiff",
    max_side=2**31 - 1,
    color_models=frozenset({"rgb", "gray", "cmyk"}),
    max_bits=16,
    metadata=frozenset({"exif", "xmp", "iptc", "icc"}),
    allows_lossless=True,
    efforts=range(1, 10),
)
JXL: Final = Format(
    name="jxl",
    media_type="image/jxl",
    extension=".jxl",
    # A bare codestream, and a container. Source: ISO/IEC 18181-1, D.1, and 18181-2, 9.1.
    signature=re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
    extra="jxl",
    decodes_whole=True,
    max_side=2**30,
    color_models=frozenset({"rgb", "gray"}),
    max_bits=16,
    metadata=frozenset({"exif", "xmp", "icc"}),
    default_quality=80,
    allows_lossless=True,
    efforts=range(1, 10),
    applies_orientation=True,
    # A delay counts ticks in 32 bits, of which libvips knows 31. One of 0 would join two frames.
    frame_timing=FrameTiming(
        tick_ms=1, max_delay_ms=2**31 - 1, max_plays=2**31 - 1, keeps_brief_delays=False
    ),
)
HEIC: Final = Format(
    name="heic",
    media_type="image/heic",
    extension=".heic",
    # By what a decoder of HEVC must be able to do. Source: ISO/IEC 23008-12, B.4.
    brands=frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}),
    extra="heic",
    stand_in="jpeg",
    decodes_whole=True,
    max_side=2**32 - 1,
)

BMP: Final = Format(
    name="bmp",
    media_type="image/bmp",
    extension=".bmp",
    # The second header begins with its length. Source: Microsoft, "Bitmap Storage"; OS/2 2.x.
    signature=re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL),
    stand_in="png",
    decodes_whole=True,
    max_side=2**31 - 1,
)
ICO: Final = Format(
    name="ico",
    media_type="image/vnd.microsoft.icon",
    extension=".ico",
    # One entry at least, in which a byte is reserved.
    signature=re.compile(rb"\0\0\x01\0(?!\0\0).{5}\0", re.DOTALL),
    stand_in="png",
    decodes_whole=True,
    max_side=2**31 - 1,
)

# What an output may be, and what an input may be. The order is that of messages and documents.
FORMATS: Final[Mapping[FormatName, Format]] = MappingProxyType(
    {"jpeg": JPEG, "png": PNG, "webp": WEBP, "avif": AVIF, "gif": GIF, "tiff": TIFF, "jxl": JXL}
)
INPUTS: Final[Mapping[InputName, Format]] = MappingProxyType(
    {format_.name: format_ for format_ in (*FORMATS.values(), HEIC, BMP, ICO)}
)

MEDIA_TYPES: Final = MappingProxyType({format_.media_type: format_ for format_ in FORMATS.values()})


def choose_default_format(source: Format, *, has_alpha: bool) -> Format:
    """Return the format of an output that asks for none: the input's, if it can be written."""
    if source.stand_in is None:
        return source
    stand_in = FORMATS[source.stand_in]
    return PNG if has_alpha and not stand_in.has_alpha else stand_in


def sniff(head: bytes) -> Format | None:
    """Return the format that a file with these first SNIFF_BYTES claims to have; None for others.

    A file that lists brands of several formats has the first of them in the order of INPUTS.
    """
    brands = _read_brands(head)
    by_brand = (format_ for format_ in INPUTS.values() if format_.brands & brands)
    by_signature = (
        format_
        for format_ in INPUTS.values()
        if format_.signature is not None and format_.signature.match(head)
    )
    return next(chain(by_brand, by_signature), None)


def _read_brands(head: bytes) -> set[bytes]:
    """Return the brands that an ISO base media file lists: the major one, then the compatible ones.

    Source: ISO/IEC 14496-12, 4.3. Between them stands a version, 4 bytes as they all are.
    """
    if head[4:8] != b"ftyp":
        return set()
    listed = head[: int.from_bytes(head[:4])]
    return {listed[at : at + 4] for at in (8, *range(16, len(listed), 4))}
