"""JPEGs with a gain map, as cameras write them.

Sources: Google, "Ultra HDR Image Format v1.1" (XMP and GContainer); CIPA DC-007 (MPF).
"""

import struct
from io import BytesIO
from pathlib import Path

from PIL import Image

HDRGM = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"'
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
BOOST = (
    'hdrgm:Version="1.0" hdrgm:GainMapMin="{least}" hdrgm:GainMapMax="2" hdrgm:HDRCapacityMax="2"'
)


def packet(attributes: str, content: str = "") -> bytes:
    """Return an XMP packet of one description."""
    description = f'<rdf:Description rdf:about="" {attributes}>{content}</rdf:Description>'
    whole = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>{description}</rdf:RDF></x:xmpmeta>'
    )
    return whole.encode()


def directory(map_bytes: int) -> str:
    """Return the list of a picture and the map after it."""
    items = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{kind}"'
        f' Item:Mime="image/jpeg"{length}/></rdf:li>'
        for kind, length in (("Primary", ""), ("GainMap", f' Item:Length="{map_bytes}"'))
    )
    return f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>"


ANNOUNCES = (
    f'{HDRGM} xmlns:Container="http://ns.google.com/photos/1.0/container/"'
    ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/" hdrgm:Version="1.0"'
)


def save_ultra_hdr(
    file: Path,
    picture: Image.Image,
    gain: Image.Image,
    *,
    least: float = 0,
    more: str = "",
    **options: object,
) -> Path:
    """Write a picture with its map.

    `least` is log2 of the boost where the map is 0; `more` are attributes of the picture's XMP
    packet, and options are Pillow's.
    """
    file.write_bytes(ultra_hdr(picture, gain, least=least, more=more, **options))
    return file


def ultra_hdr(
    picture: Image.Image,
    gain: Image.Image,
    *,
    least: float = 0,
    more: str = "",
    **options: object,
) -> bytes:
    described = _with_xmp(_jpeg(gain, quality=95), packet(f"{HDRGM} {BOOST.format(least=least)}"))
    announced = packet(f"{ANNOUNCES} {more}", directory(len(described)))
    primary = _with_xmp(_jpeg(picture, quality=95, subsampling=0, **options), announced)
    at = primary.index(b"\xff\xdb")
    whole = len(primary) + 90
    entries = struct.pack(">3I2H", 0x030000, whole, 0, 0, 0)
    entries += struct.pack(">3I2H", 0, len(described), whole - (at + 8), 0, 0)
    index = b"MPF\0MM\0*" + struct.pack(">IH", 8, 3) + struct.pack(">2HI4s", 0xB000, 7, 4, b"0100")
    index += struct.pack(">2H2I", 0xB001, 4, 1, 2) + struct.pack(">2H2I", 0xB002, 7, 32, 50)
    index += bytes(4) + entries
    segment = b"\xff\xe2" + struct.pack(">H", len(index) + 2) + index
    return primary[:at] + segment + primary[at:] + described


def _jpeg(picture: Image.Image, **options: object) -> bytes:
    stream = BytesIO()
    picture.save(stream, "JPEG", **options)
    return stream.getvalue()


def _with_xmp(jpeg: bytes, xmp: bytes) -> bytes:
    body = b"http://ns.adobe.com/xap/1.0/\0" + xmp
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]
