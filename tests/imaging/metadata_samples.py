"""Picture files with much metadata, written and read by Pillow and by hand, never by libvips."""

import re
import struct
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, IptcImagePlugin
from PIL.ExifTags import IFD, Base
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from imaging.studio import noise

ARTIST = "José 山田 (photo)"
COPYRIGHT = "© 2026 Jané & Co <all>"
PRIVATE = "Somebody at home"
LATITUDE = (52.0, 31.0, 12.0)

FORMATS_WITH_METADATA = ["jpeg", "png", "webp", "avif", "tiff"]
XMP_OF_TIFF, IPTC_OF_TIFF = 700, 33723

XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"
 exif:GPSLatitude="52,31.2N"><exif:GPSLongitude>13,24E</exif:GPSLongitude>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{PRIVATE}</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>{ARTIST}</rdf:li><rdf:li>Second</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© 2026 Jané &amp; Co &lt;all&gt;</rdf:li>
<rdf:li xml:lang="de">Alle Rechte</rdf:li></rdf:Alt></dc:rights>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def dataset(record: int, number: int, text: bytes) -> bytes:
    return bytes([0x1C, record, number]) + struct.pack(">H", len(text)) + text


IPTC = b"".join(
    [
        dataset(1, 90, b"\x1b%G"),
        dataset(2, 0, b"\0\4"),
        dataset(2, 80, ARTIST.encode()),
        dataset(2, 90, PRIVATE.encode()),
        dataset(2, 116, COPYRIGHT.encode()),
    ]
)


def exif(orientation: int = 1) -> Image.Exif:
    block = Image.Exif()
    # As bytes, since Pillow would make question marks of what is not ASCII.
    block[Base.Artist], block[Base.Copyright] = ARTIST.encode(), COPYRIGHT.encode()
    block[Base.ImageDescription] = PRIVATE
    block[Base.Orientation] = orientation
    block.get_ifd(IFD.Exif).update({Base.LensModel: PRIVATE, Base.ColorSpace: 65535})
    block.get_ifd(IFD.GPSInfo).update({1: "N", 2: LATITUDE, 3: "E", 4: (13.0, 24.0, 0.0)})
    return block


def save_with_metadata(folder: Path, format_: str, orientation: int = 1) -> Path:
    """Save a picture whose file has its author, its position, and a private text."""
    file = folder / f"with-metadata.{format_}"
    picture, block = noise(24, 16), exif(orientation)
    if format_ == "tiff":
        tags = ImageFileDirectory_v2()
        for tag in (Base.Artist, Base.Copyright, Base.ImageDescription, Base.Orientation):
            tags[tag] = block[tag]
        tags.tagtype[XMP_OF_TIFF] = tags.tagtype[IPTC_OF_TIFF] = 7
        tags[XMP_OF_TIFF], tags[IPTC_OF_TIFF] = XMP, IPTC
        tags[Base.GPSInfo] = block.get_ifd(IFD.GPSInfo)
        picture.save(file, tiffinfo=tags)
    elif format_ == "png":
        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
        texts.add_text("Author", PRIVATE)
        picture.save(file, exif=block, pnginfo=texts)
    else:
        picture.save(
            file, exif=block, xmp=XMP, **({"comment": PRIVATE} if format_ == "jpeg" else {})
        )
    if format_ == "jpeg":
        whole = file.read_bytes()
        file.write_bytes(whole[:2] + iptc_segment(IPTC) + whole[2:])
    return file


def iptc_segment(records: bytes) -> bytes:
    other = b"8BIM\x04\x21\x01x" + struct.pack(">I", 3) + b"abc\0"
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records
    body = b"Photoshop 3.0\0" + other + resource + bytes(len(records) % 2)
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


@dataclass(frozen=True)
class FileMetadata:
    """Metadata of a file: the tags of EXIF's directories (or TIFF's first), XMP, and IPTC."""

    exif: dict[int, Any] = field(default_factory=dict)
    details: dict[int, Any] = field(default_factory=dict)
    position: dict[int, Any] = field(default_factory=dict)
    xmp: str = ""
    iptc: dict[tuple[int, int], bytes | list[bytes]] = field(default_factory=dict)


def read_metadata(file: Path) -> FileMetadata:
    picture = Image.open(BytesIO(file.read_bytes()))
    block = picture.getexif()
    exif_block = dict(block)
    if picture.format == "AVIF" and block:
        # Pillow makes ASCII of it, and an orientation of the turn that stands beside it.
        block = Image.Exif()
        block.load(re.split(rb"Exif\0\0(?=MM\0\*|II\*\0)", file.read_bytes())[1])
        exif_block = {**block, Base.Orientation: exif_block.get(Base.Orientation, 1)}
    xmp = picture.info.get("xmp", b"")
    if picture.format == "TIFF":
        xmp = block.get(XMP_OF_TIFF, b"")
    return FileMetadata(
        exif=exif_block,
        details=dict(block.get_ifd(IFD.Exif)),
        position=dict(block.get_ifd(IFD.GPSInfo)),
        xmp=xmp.decode() if isinstance(xmp, bytes) else xmp,
        iptc=IptcImagePlugin.getiptcinfo(picture) or {},
    )


def as_text(value: str | bytes) -> str:
    """Return text of EXIF, which Pillow reads as Latin-1."""
    return (value if isinstance(value, bytes) else value.encode("latin-1")).decode()


def encode_without_metadata(picture: Image.Image, format_: str) -> bytes:
    file = BytesIO()
    picture.save(file, format_)
    return file.getvalue()
