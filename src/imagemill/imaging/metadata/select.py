"""Chooses what of the input's metadata an output may have, as `keep_metadata` says.

Whatever is kept, an embedded thumbnail goes, which shows what may have been cut away, and so does
the orientation, unless the pixels were left as stored. `all` may tell where a picture was taken.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.profiles import attach_profile, get_profile, load_built_in_profile
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
from imagemill.imaging.metadata.rights import exif, iptc, xmp
from imagemill.imaging.spec.pipeline import KeepMetadata, Output

EXTRACTORS: Final[Mapping[str, Callable[[bytes], bytes | None]]] = MappingProxyType(
    {EXIF: exif.extract_rights, XMP: xmp.extract_rights, IPTC: iptc.extract_rights}
)

# What shows the picture as it was.
THUMBNAILS: Final = ("jpeg-thumbnail-data", "photoshop-data", f"{EXIF_FIELDS}1-")
SELECTED_FIELDS: Final = (*EXTRACTORS, EXIF_FIELDS, COMMENTS, *THUMBNAILS)

# An orientation in XMP as an attribute or an element; as many digits go in as come out.
ORIENTATION_IN_XMP: Final = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|\s*>\s*))[2-8]")


def select_metadata(image: Image, output: Output) -> Image:
    """Return the picture with the metadata that may go on, its profile among it."""
    told = _keep(image, output.keep_metadata)
    told = _remove_orientation(told) if output.auto_orient else told
    is_wanted = output.keep_metadata in {"icc", "all"} and get_profile(told) is None
    if is_wanted and told.interpretation in {"srgb", "rgb16"}:
        return attach_profile(told, load_built_in_profile("srgb"))
    return told


def _keep(image: Image, keep: KeepMetadata) -> Image:
    if keep == "all":
        return remove_fields(image, *THUMBNAILS)
    told = remove_fields(image, *SELECTED_FIELDS)
    for name, rights_of in EXTRACTORS.items() if keep == "copyright" else ():
        block = rights_of(get_block(image, name))
        if block is not None:
            told = attach_exif(told, block) if name == EXIF else set_block(told, name, block)
    return told


def _remove_orientation(image: Image) -> Image:
    """Forget the orientation, which was applied."""
    upright = remove_fields(image, ORIENTATION, f"{EXIF_FIELDS}0-Orientation")
    packet = get_block(upright, XMP)
    return (
        set_block(upright, XMP, ORIENTATION_IN_XMP.sub(rb"\g<1>1", packet)) if packet else upright
    )
