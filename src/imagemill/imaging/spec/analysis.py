"""The analyses, and schemas of their results, which the parent process validates. Pure."""

from typing import Annotated

from pydantic import AfterValidator, Field, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from imagemill.imaging.formats import InputName
from imagemill.imaging.spec.bounds import (
    EXIF_NAME_PATTERN,
    MAX_EXIF_FIELDS,
    MAX_EXIF_NUMBERS,
    MAX_EXIF_TEXT_LENGTH,
    MAX_ICC_NAME_LENGTH,
    MAX_PALETTE_COLORS,
)

Color = Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]

# With 4x3 components, as its first digit says.
BlurHash = Annotated[str, Field(pattern=r"^L[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{27}$")]

# 17 to 25 bytes
ThumbHash = Annotated[str, Field(pattern="^[A-Za-z0-9+/]{20,36}={0,2}$", max_length=36)]

PHash = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]


def _check_is_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds what cannot be printed")
    return text


Printable = Annotated[str, AfterValidator(_check_is_printable)]
Whole = Annotated[int, Field(ge=-(2**32), le=2**32)]
Number = Whole | Annotated[float, Field(ge=-(2**32), le=2**32)]
ExifText = Annotated[Printable, Field(max_length=MAX_EXIF_TEXT_LENGTH)]
ExifNumbers = Annotated[list[Number], Field(max_length=MAX_EXIF_NUMBERS)]


@with_config(extra="forbid", strict=True)
class Metadata(TypedDict):
    """Facts of the file. Width and height are of the upright picture; `density` is per inch."""

    format: InputName
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    frames: Annotated[int, Field(ge=1)]
    space: Annotated[str, Field(pattern="^[a-z0-9-]{1,16}$")]
    bits: Annotated[int, Field(ge=1, le=64)]
    has_alpha: bool
    orientation: Annotated[int, Field(ge=1, le=8)]
    icc: Annotated[Printable, Field(max_length=MAX_ICC_NAME_LENGTH)] | None
    density: Annotated[int, Field(ge=1, le=2**32)] | None
    exif: Annotated[
        dict[Annotated[str, Field(pattern=EXIF_NAME_PATTERN)], ExifText | Number | ExifNumbers],
        Field(max_length=MAX_EXIF_FIELDS),
    ]


@with_config(extra="forbid", strict=True)
class Analysis(TypedDict, total=False):
    """The results of the analyses asked for. None: the picture has no visible pixel."""

    metadata: Metadata
    blurhash: BlurHash | None
    thumbhash: ThumbHash
    dominant_color: Color | None
    palette: Annotated[list[Color], Field(max_length=MAX_PALETTE_COLORS)]
    phash: PHash | None
