"""Preparation of metadata for a format's encoder, and completion of what libvips does not write.

A format gets what its `Format.metadata` names. A JPEG has room for 64 KiB of EXIF, XMP and IPTC
each. Of EXIF, a TIFF gets orientation, artist and copyright.
"""

from types import MappingProxyType
from typing import BinaryIO, Final

from imagemill.imaging.color.palette import get_bits, get_palette
from imagemill.imaging.color.profiles import (
    PROFILE,
    attach_profile,
    get_profile,
    load_built_in_profile,
)
from imagemill.imaging.color.space_tags import get_tag
from imagemill.imaging.formats import AVIF, JPEG, PNG, TIFF, WEBP, Format, MetadataKind
from imagemill.imaging.libvips import GValue, Image
from imagemill.imaging.metadata import (
    avif_code_points,
    png_colors,
    png_palette,
    png_xmp,
    tiff_tags,
    webp_alpha,
)
from imagemill.imaging.metadata.blocks import (
    COMMENTS,
    EXIF,
    EXIF_FIELDS,
    IPTC,
    ORIENTATION,
    XMP,
    get_block,
    remove_fields,
    set_block,
)
from imagemill.imaging.metadata.png_head import Chunk, edit_head
from imagemill.imaging.metadata.rights.exif import read_rights
from imagemill.imaging.metadata.rights.iptc import TAG, unwrap_records, wrap_records
from imagemill.imaging.metadata.write_density import (
    complete_density,
    remove_made_up_density,
    state_unknown_in_exif,
)

# By the beginnings of the names of libvips' fields.
KINDS: Final = MappingProxyType[str, MetadataKind](
    {
        ORIENTATION: "exif",
        EXIF_FIELDS: "exif",
        XMP: "xmp",
        IPTC: "iptc",
        PROFILE: "icc",
        COMMENTS: "comments",
    }
)

# Those of color, and of grey.
SRGB_PROFILES: Final = ("srgb", "sgrey")

COLOR_SPACE: Final = f"{EXIF_FIELDS}2-ColorSpace"
IS_SRGB: Final = "1"
IS_UNCALIBRATED: Final = "65535"


def prepare_metadata(image: Image, format_: Format) -> tuple[Image, str]:
    """Return the image for its encoder, and libvips' `keep`, the kinds of metadata to write."""
    image = _adapt_for_libvips(image, format_)
    kinds = {_find_kind(name) for name in image.get_fields()} & format_.metadata
    if "exif" in kinds:  # libvips would always write "uncalibrated"
        image = state_unknown_in_exif(image).copy()
        is_srgb = get_profile(image) in {None, *map(load_built_in_profile, SRGB_PROFILES)}
        is_srgb = is_srgb and get_tag(image) is None
        image.set_type(GValue.gstr_type, COLOR_SPACE, IS_SRGB if is_srgb else IS_UNCALIBRATED)
    if format_ is PNG and get_palette(image):
        kinds.discard("icc")
    words = sorted("other" if kind == "comments" else kind for kind in kinds if kind)
    return image, ":".join(words) or "none"


def complete_metadata(
    file: BinaryIO, image: Image, format_: Format, *, is_lossless: bool = False
) -> None:
    """Correct the written file: add what libvips does not write, or not where others read it.

    A density that the image does not have is taken out.
    """
    tag = get_tag(image)
    if format_ is AVIF and tag is not None and tag.code_points:
        avif_code_points.replace_profile(file, tag, is_lossless=is_lossless)
    complete_density(file, image, format_)
    if format_ is WEBP and image.hasalpha() and image.get_typeof("page-height"):
        webp_alpha.set_alpha_flag(file)
    if format_ is TIFF:
        records = unwrap_records(get_block(image, IPTC))
        tags = read_rights(get_block(image, EXIF))
        tiff_tags.append_tags(file, {**tags, TAG: records} if records else tags)
        tiff_tags.add_palette(file, get_palette(image), get_bits(image))
    if format_ is PNG:
        edit_head(file, lambda chunks: _complete_chunks(chunks, image))


def _complete_chunks(chunks: list[Chunk], image: Image) -> list[Chunk]:
    """Return the chunks before the pixels of a PNG, corrected: all at once, since pixels move."""
    chunks = remove_made_up_density(chunks, image)
    chunks = png_colors.insert_colors(chunks, get_tag(image))
    chunks = png_xmp.insert_xmp(chunks, get_block(image, XMP))
    colors = get_palette(image)
    return png_palette.insert_palette(chunks, colors, get_profile(image)) if colors else chunks


def _find_kind(field: str) -> MetadataKind | None:
    return next((kind for start, kind in KINDS.items() if field.startswith(start)), None)


def _adapt_for_libvips(image: Image, format_: Format) -> Image:
    if format_ is PNG:
        return remove_fields(image, XMP)
    if format_ is AVIF and get_tag(image) is not None:  # which takes the place of a profile
        return attach_profile(image, get_profile(image) or load_built_in_profile("p3"))
    if format_ is TIFF:  # libvips would write a quarter of it
        return remove_fields(image, IPTC)
    records = unwrap_records(get_block(image, IPTC))
    return set_block(image, IPTC, wrap_records(records)) if format_ is JPEG and records else image
