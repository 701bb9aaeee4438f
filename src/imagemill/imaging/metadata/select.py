"""Chooses what of the input's metadata an output may have, as `keep_metadata` says.

Whatever is kept, an embedded thumbnail goes, which shows what may have been cut away, and so does
the orientation, unless the pixels were left as stored. `all` may tell where a picture was taken.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.profiles import built_in, profile_of, with_profile
from imagemill.imaging.libvips import Image
from imagemill.imaging.metadata.blocks import (
    COMMENTS,
    EXIF,
    EXIF_FIELDS,
    IPTC,
    ORIENTATION,
    XMP,
    block_of,
    with_block,
    without,
)
from imagemill.imaging.metadata.exif_block import with_exif
from imagemill.imaging.metadata.rights import exif, iptc, xmp
from imagemill.imaging.spec.pipeline import KeepMetadata, Output

RIGHTS: Final[Mapping[str, Callable[[bytes], bytes | None]]] = MappingProxyType(
    {EXIF: exif.rights_of, XMP: xmp.rights_of, IPTC: iptc.rights_of}
)

# What shows the picture as it was.
THUMBNAILS: Final = ("jpeg-thumbnail-data", "photoshop-data", f"{EXIF_FIELDS}1-")
TOLD: Final = (*RIGHTS, EXIF_FIELDS, COMMENTS, *THUMBNAILS)

# An orientation in XMP as an attribute or an element; as many digits go in as come out.
TURNED: Final = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|\s*>\s*))[2-8]")


def select_metadata(image: Image, output: Output) -> Image:
    """Return the picture with the metadata that may go on, its profile among it."""
    told = _told(image, output.keep_metadata)
    told = _upright(told) if output.auto_orient else told
    is_wanted = output.keep_metadata in {"icc", "all"} and profile_of(told) is None
    if is_wanted and told.interpretation in {"srgb", "rgb16"}:
        return with_profile(told, built_in("srgb"))
    return told


def _told(image: Image, keep: KeepMetadata) -> Image:
    if keep == "all":
        return without(image, *THUMBNAILS)
    told = without(image, *TOLD)
    for name, rights_of in RIGHTS.items() if keep == "copyright" else ():
        block = rights_of(block_of(image, name))
        if block is not None:
            told = with_exif(told, block) if name == EXIF else with_block(told, name, block)
    return told


def _upright(image: Image) -> Image:
    """Forget the orientation, which was applied."""
    upright = without(image, ORIENTATION, f"{EXIF_FIELDS}0-Orientation")
    packet = block_of(upright, XMP)
    return with_block(upright, XMP, TURNED.sub(rb"\g<1>1", packet)) if packet else upright
