"""The decoder of TIFF: libvips, for the layouts that it decodes to the right picture.

TIFF can store nearly anything, and libvips opens more of it than it shows. So the tags of the first
page are read before (`layout`), what would come out wrong or not at all is refused by them
(`supported`), and what libvips leaves as stored is converted to levels (`levels`, `lab`).
"""

from imagemill.imaging.engine.decoders.tiff.lab import decode_lab
from imagemill.imaging.engine.decoders.tiff.layout import LAB_KINDS, Layout, read_layout
from imagemill.imaging.engine.decoders.tiff.levels import select_alpha, to_levels
from imagemill.imaging.engine.decoders.tiff.patching import patch
from imagemill.imaging.engine.decoders.tiff.supported import check_supported
from imagemill.imaging.libvips import Image

__all__ = ["check_supported", "convert", "patch", "read_layout"]


def convert(image: Image, layout: Layout) -> Image:
    """Return what libvips opened, a file of this layout, as levels of 8 or 16 bits.

    Lab becomes sRGB, with 8 bits.
    """
    image = select_alpha(image, layout)
    return (
        decode_lab(image, layout) if layout.photometric in LAB_KINDS else to_levels(image, layout)
    )
