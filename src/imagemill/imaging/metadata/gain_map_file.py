"""Joining of a JPEG and its gain map into one file, as Ultra HDR.

The picture comes first, its XMP lists the map, and an index (MPF) says where it begins. The map is
a JPEG of its own, whose XMP says how it is applied. Sources: Google, "Ultra HDR Image Format v1.1";
CIPA DC-007-2021, 5 (MPF); ITU-T T.81, B.1.1.4 (segments).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from math import log2
from struct import pack
from typing import Final

from imagemill.imaging.jpeg_segments import HEAD_BYTES, START, Segment, iter_segments
from imagemill.imaging.metadata.rights.xmp import parse_xmp

APP1: Final = b"\xff\xe1"
APP2: Final = b"\xff\xe2"
# Application segments and comments may come before the tables.
APPLICATION: Final = frozenset({*range(0xE0, 0xF0), 0xFE})
XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
MAX_SEGMENT_BYTES: Final = 65533

MPF: Final = b"MPF\0"
# Kinds of the entries' numbers: 4 is a long, 7 is undefined.
MPF_VERSION, MPF_COUNT, MPF_ENTRIES = (0xB000, 7, 4), (0xB001, 4, 1), (0xB002, 7, 32)
PRIMARY: Final = 0x030000  # "Baseline MP Primary Image"
MPF_DATA_BYTES: Final = 4 + 8 + 2 + 3 * 12 + 4 + 2 * 16

RDF_START: Final = re.compile(rb"<[\w.-]+:RDF\b[^<>]*[^<>/]>")
EMPTY: Final = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b"</rdf:RDF></x:xmpmeta>"
)
HDRGM: Final = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
RDF: Final = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
CONTAINER: Final = (
    'xmlns:Container="http://ns.google.com/photos/1.0/container/"'
    ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
)

Channels = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class GainMapFacts:
    """How a map is applied.

    Boosts are factors of light and, as gammas and offsets, of red, green and blue. Capacities are
    factors of a screen's white over that of SDR.
    """

    max_boost: Channels
    min_boost: Channels
    gamma: Channels
    offset_sdr: Channels
    offset_hdr: Channels
    capacity_min: float
    capacity_max: float


def join_gain_map(jpeg: bytes, gain_map: bytes, facts: GainMapFacts) -> bytes:
    """Return the file of a picture and its map, two JPEGs."""
    described = _insert(gain_map, len(START), APP1, XMP + _add(EMPTY, _describe(facts)))
    kept, packet, start = _take_packet(jpeg)
    listed = _list_items(len(described))
    announced = _add(packet, listed)
    if len(XMP + announced) > MAX_SEGMENT_BYTES or parse_xmp(announced) is None:
        announced = _add(EMPTY, listed)
    picture = _insert(kept, start, APP1, XMP + announced)
    at = max((segment.end for segment in _iter_head(picture)), default=len(START))
    size = len(picture) + HEAD_BYTES + MPF_DATA_BYTES
    # Offsets count from the byte order, after the marker, the length and "MPF".
    index = _build_index(size, len(described), size - (at + HEAD_BYTES + len(MPF)))
    return _insert(picture, at, APP2, index) + described


def _build_index(picture_bytes: int, map_bytes: int, map_offset: int) -> bytes:
    entries = pack(">3I2H", PRIMARY, picture_bytes, 0, 0, 0)
    entries += pack(">3I2H", 0, map_bytes, map_offset, 0, 0)
    start = 8 + 2 + 3 * 12 + 4
    directory = pack(">2HI4s", *MPF_VERSION, b"0100") + pack(">2H2I", *MPF_COUNT, 2)
    directory += pack(">2H2I", *MPF_ENTRIES, start) + bytes(4)
    return MPF + b"MM\0*" + pack(">IH", 8, 3) + directory + entries


def _take_packet(jpeg: bytes) -> tuple[bytes, bytes, int]:
    """Return the file without its XMP packet, the packet, and where one belongs."""
    start = len(START)
    for _, at, content_at, end in _iter_head(jpeg):
        content = jpeg[content_at:end]
        if content.startswith(XMP):
            return jpeg[:at] + jpeg[end:], content.removeprefix(XMP), at
        if content.startswith((b"JFIF\0", b"Exif\0")):  # these are to be first
            start = end
    return jpeg, EMPTY, start


def _iter_head(jpeg: bytes) -> Iterator[Segment]:
    """Yield the application segments and comments at the start."""
    return takewhile(lambda segment: segment.marker in APPLICATION, iter_segments(jpeg))


def _insert(jpeg: bytes, at: int, marker: bytes, content: bytes) -> bytes:
    return jpeg[:at] + marker + (len(content) + 2).to_bytes(2) + content + jpeg[at:]


def _add(packet: bytes, description: str) -> bytes:
    """Return the packet with one more description."""
    return RDF_START.sub(lambda found: found[0] + description.encode(), packet, count=1)


def _list_items(map_bytes: int) -> str:
    items = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{kind}"'
        f' Item:Mime="image/jpeg"{length}/></rdf:li>'
        for kind, length in (("Primary", ""), ("GainMap", f' Item:Length="{map_bytes}"'))
    )
    return (
        f'<rdf:Description rdf:about="" {RDF} {HDRGM} {CONTAINER}><Container:Directory>'
        f"<rdf:Seq>{items}</rdf:Seq></Container:Directory></rdf:Description>"
    )


def _describe(facts: GainMapFacts) -> str:
    boosts = {
        "GainMapMin": [log2(boost) for boost in facts.min_boost],
        "GainMapMax": [log2(boost) for boost in facts.max_boost],
        "Gamma": facts.gamma,
        "OffsetSDR": facts.offset_sdr,
        "OffsetHDR": facts.offset_hdr,
    }
    capacities = (
        f' hdrgm:HDRCapacityMin="{log2(facts.capacity_min):.6g}"'
        f' hdrgm:HDRCapacityMax="{log2(facts.capacity_max):.6g}"'
        ' hdrgm:BaseRenditionIsHDR="False"'
    )
    # One number speaks for three channels.
    single = {name: values[0] for name, values in boosts.items() if len({*values}) == 1}
    attributes = "".join(f' hdrgm:{name}="{value:.6g}"' for name, value in single.items())
    elements = "".join(
        f"<hdrgm:{name}><rdf:Seq>"
        + "".join(f"<rdf:li>{value:.6g}</rdf:li>" for value in values)
        + f"</rdf:Seq></hdrgm:{name}>"
        for name, values in boosts.items()
        if name not in single
    )
    return (
        f'<rdf:Description rdf:about="" {RDF} {HDRGM}{attributes}{capacities}>'
        f"{elements}</rdf:Description>"
    )
