"""Metadata of the file: facts of the header, the profile's name, EXIF.

It includes a GPS position, though outputs keep none by default: only the owner of the job can read
it here, who sent the picture.
"""

from typing import TYPE_CHECKING, Final

from imagemill.imaging.color.levels import BITS
from imagemill.imaging.color.profiles import PROFILE
from imagemill.imaging.engine.analysis.exif import parse_exif_fields
from imagemill.imaging.engine.analysis.icc import read_profile_name
from imagemill.imaging.engine.header import Header
from imagemill.imaging.libvips import Image, get_int

if TYPE_CHECKING:  # image processes do without: it takes time to load
    from imagemill.imaging.spec.analysis import Metadata

MM_AN_INCH: Final = 25.4

# Pixels per millimetre; a higher value is not plausible.
MAX_DENSITY: Final = 100_000


def read_metadata(header: Header, image: Image) -> "Metadata":
    """Return the facts of an opened file; of its image, which nothing has converted, no pixel."""
    texts = ((name, image.get(name)) for name in image.get_fields() if name.startswith("exif-ifd"))
    return {
        "format": header.format.name,
        "width": header.upright.width,
        "height": header.upright.height,
        "frames": header.frames,
        "space": image.interpretation,
        "bits": get_int(image, "bits-per-sample", BITS.get(image.format, 32)),
        "has_alpha": bool(header.has_alpha),  # libvips says 0 or 1
        "orientation": header.orientation,
        "icc": read_profile_name(bytes(image.get(PROFILE))) if image.get_typeof(PROFILE) else None,
        "density": _read_density(image),
        "exif": parse_exif_fields(texts),
    }


def _read_density(image: Image) -> int | None:
    # libvips has 1 per millimetre where the file has no density.
    return round(image.xres * MM_AN_INCH) if 1 < image.xres < MAX_DENSITY else None
