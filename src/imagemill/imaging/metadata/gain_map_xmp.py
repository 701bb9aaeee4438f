"""Removal of what an XMP packet says of a gain map, which an output does not have, or has anew.

Sources: Google, "Ultra HDR Image Format v1.1" (hdrgm, and the Directory of GContainer that lists
the map); Apple's HDRGainMap in the auxiliary pictures of its photos.
"""

import re
from typing import Final

from imagemill.imaging.metadata.rights.xmp import parse_xmp

# In names, namespaces and values of all that speaks of one.
SIGNS: Final = re.compile("hdrgm|gain-?map", re.IGNORECASE)

NAMESPACES: Final = (
    rb"http://ns\.adobe\.com/hdr-gain-map/1\.0/",
    rb"http://ns\.apple\.com/HDRGainMap/1\.0/",
)
CONTAINER: Final = rb"http://ns\.google\.com/photos/1\.0/container/"
DECLARATION: Final = rb"\sxmlns:([\w.-]+)\s*=\s*[\"']%b[\"']"


def remove_gain_map(packet: bytes) -> bytes:
    """Return the packet without a gain map; empty, when that is not all that it speaks of it."""
    if not _speaks_of_gain_map(packet):
        return packet
    for namespace in NAMESPACES:
        for prefix in re.findall(DECLARATION % namespace, packet):
            packet = _remove_element(packet, prefix + rb":[\w.-]+")
            packet = re.sub(
                rb"\s%b:[\w.-]+\s*=\s*(\"[^\"]*\"|'[^']*')" % re.escape(prefix), b"", packet
            )
        packet = re.sub(DECLARATION % namespace, b"", packet)
    for prefix in re.findall(DECLARATION % CONTAINER, packet):
        packet = _remove_element(packet, prefix + b":Directory")
    return b"" if parse_xmp(packet) is None or _speaks_of_gain_map(packet) else packet


def _remove_element(packet: bytes, name: bytes) -> bytes:
    empty = re.sub(rb"<%b(\s[^<>]*)?/>" % name, b"", packet)
    return re.sub(rb"<(%b)(\s[^<>]*)?>.*?</\1\s*>" % name, b"", empty, flags=re.DOTALL)


def _speaks_of_gain_map(packet: bytes) -> bool:
    root = parse_xmp(packet)
    if root is None:
        return SIGNS.search(packet.replace(b"\0", b"").decode("latin-1")) is not None
    return any(
        SIGNS.search(text)
        for element in root.iter()
        for text in (element.tag, element.text or "", *element.keys(), *element.attrib.values())
    )
