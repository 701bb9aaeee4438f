"""Selection of the metadata that an output keeps, by its field `keep_metadata`.

An embedded thumbnail is always removed, since it may show what was cropped, and so is an
orientation that has been applied to the pixels, and what is said of a gain map. Only `all` keeps a
GPS position.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.palette import get_palette
from imagemill.imaging.color.profiles import attach_profile, get_profile, load_built_in_profile
from imagemill.imaging.color.space_tags import get_tag
from imagemill.imaging.libvips import Image
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
from imagemill.imaging.metadata.exif_block import attach_exif
from imagemill.imaging.metadata.gain_map_xmp import remove_gain_map
from imagemill.imaging.metadata.rights import exif, iptc, xmp
from imagemill.imaging.spec.plain import Output

EXTRACTORS: Final[Mapping[str, Callable[[bytes], bytes | None]]] = MappingProxyType(
    {EXIF: exif.extract_rights, XMP: xmp.extract_rights, IPTC: iptc.extract_rights}
)

# libvips' profiles of sRGB's curve, by interpretation.
SRGB_PROFILES: Final = MappingProxyType(
    {"srgb": "srgb", "rgb16": "srgb", "b-w": "sgrey", "grey16": "sgrey"}
)

# Fields that hold the picture before it was changed.
THUMBNAILS: Final = ("jpeg-thumbnail-data", "photoshop-data", f"{EXIF_FIELDS}1-")
ORIENTATIONS: Final = (ORIENTATION, f"{EXIF_FIELDS}0-Orientation")
SELECTED_FIELDS: Final = (*EXTRACTORS, EXIF_FIELDS, COMMENTS, *THUMBNAILS)

# An orientation in XMP, as an attribute or an element, up to its digit.
ORIENTATION_IN_XMP: Final = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|\s*>\s*))[2-8]")


def select_metadata(image: Image, output: Output) -> Image:
    """Return the image with the metadata to keep, and with the sRGB profile if one is wanted."""
    kept = _keep(image, output)
    name = "srgb" if get_palette(kept) else SRGB_PROFILES.get(kept.interpretation)
    is_described = get_profile(kept) is not None or get_tag(kept) is not None
    is_wanted = output.keep_metadata in {"icc", "all"} and not is_described
    return attach_profile(kept, load_built_in_profile(name)) if is_wanted and name else kept


def _keep(image: Image, output: Output) -> Image:
    keep = output.keep_metadata
    removed = THUMBNAILS if keep == "all" else SELECTED_FIELDS
    # The orientation has been applied.
    kept = remove_fields(image, *removed, *(ORIENTATIONS if output.auto_orient else ()))
    if keep == "all":
        return _correct_packet(kept, output)
    for name, extract in EXTRACTORS.items() if keep == "copyright" else ():
        block = extract(get_block(image, name))
        if block is not None:
            kept = attach_exif(kept, block) if name == EXIF else set_block(kept, name, block)
    return kept


def _correct_packet(image: Image, output: Output) -> Image:
    """Return the image with an XMP packet that says nothing of what the output does not have.

    That is an orientation that has been applied, and a gain map.
    """
    packet = get_block(image, XMP)
    if not packet:
        return image
    if output.auto_orient:
        packet = ORIENTATION_IN_XMP.sub(rb"\g<1>1", packet)
    packet = remove_gain_map(packet)
    return set_block(image, XMP, packet) if packet else remove_fields(image, XMP)
