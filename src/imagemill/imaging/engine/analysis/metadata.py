"""Metadata of the file: facts of the header, the profile's name, EXIF.

It includes a GPS position, though outputs keep none by default: only the owner of the job can read
it here, who sent the picture.
"""

from typing import TYPE_CHECKING

from imagemill.imaging.color.levels import BITS
from imagemill.imaging.color.profiles import PROFILE
from imagemill.imaging.engine.analysis.exif import parse_exif_fields
from imagemill.imaging.engine.analysis.icc import read_profile_name
from imagemill.imaging.engine.header import Header
from imagemill.imaging.libvips import Image, get_int

if TYPE_CHECKING:  # image processes do without: it takes time to load
    from imagemill.imaging.spec.analysis import Metadata


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
        "density": header.density.per_inch if header.density else None,
        "exif": parse_exif_fields(texts),
    }
