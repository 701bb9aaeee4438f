"""Detection of a GPS position in EXIF, XMP and TIFF tags."""

from typing import Final

from imagemill.imaging.file_data import Data
from imagemill.imaging.libvips import Image
from imagemill.imaging.metadata.blocks import EXIF, XMP, get_block
from imagemill.imaging.metadata.rights.exif import PREFIX
from imagemill.imaging.metadata.rights.xmp import parse_xmp
from imagemill.imaging.metadata.tag_directory import read_entries

GPS_DIRECTORY: Final = 0x8825
GPS_OF_XMP: Final = "{http://ns.adobe.com/exif/1.0/}GPS"


def has_position(image: Image) -> bool:
    """Return whether the EXIF or XMP of an opened file has a position."""
    packet = get_block(image, XMP)
    return exif_has_position(get_block(image, EXIF)) or (bool(packet) and xmp_has_position(packet))


def exif_has_position(block: bytes) -> bool:
    """Return whether the EXIF block has a GPS directory."""
    return GPS_DIRECTORY in read_entries(block.removeprefix(PREFIX))


def xmp_has_position(packet: bytes) -> bool:
    """Return whether the packet has a property that begins with GPS, or cannot be parsed."""
    root = parse_xmp(packet)
    if root is None:
        return True
    names = (name for element in root.iter() for name in (element.tag, *element.attrib))
    return any(name.startswith(GPS_OF_XMP) for name in names)


def tiff_has_position(tiff: Data) -> bool:
    """Return whether a TIFF has a GPS directory, which libvips does not read."""
    return GPS_DIRECTORY in read_entries(tiff)
