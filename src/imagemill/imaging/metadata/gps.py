"""Finds out whether a file tells where its picture was taken."""

from pathlib import Path
from typing import Final

from imagemill.imaging.libvips import Image
from imagemill.imaging.metadata.blocks import EXIF, XMP, block_of
from imagemill.imaging.metadata.rights.exif import PREFIX
from imagemill.imaging.metadata.rights.xmp import parsed
from imagemill.imaging.metadata.tag_directory import entries, mapped

GPS_DIRECTORY: Final = 0x8825
GPS_OF_XMP: Final = "{http://ns.adobe.com/exif/1.0/}GPS"


def tells_position(image: Image) -> bool:
    """Return whether the metadata that a file was opened with has a position."""
    packet = block_of(image, XMP)
    return is_in_exif(block_of(image, EXIF)) or (bool(packet) and is_in_xmp(packet))


def is_in_exif(block: bytes) -> bool:
    """Return whether the block points to a directory of a position."""
    return GPS_DIRECTORY in entries(block.removeprefix(PREFIX))


def is_in_xmp(packet: bytes) -> bool:
    """Return whether a property of the packet begins with GPS, or it cannot be read, and may."""
    root = parsed(packet)
    if root is None:
        return True
    names = (name for element in root.iter() for name in (element.tag, *element.attrib))
    return any(name.startswith(GPS_OF_XMP) for name in names)


def is_in_tiff(file: Path) -> bool:
    """Return whether a TIFF points to a directory of a position, which libvips does not look at."""
    with file.open("rb") as stream, mapped(stream) as data:
        return GPS_DIRECTORY in entries(data)
