"""dc:creator and dc:rights of XMP. Source: ISO 16684-1, 7 (serialisation) and 8.3 (Dublin Core).

The packet is untrusted XML. It is rejected above a length, and when it declares a document type,
which alone could define entities.
"""

from collections.abc import Iterator
from html import escape
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from imagemill.imaging.metadata.rights import MAX_TEXT_LENGTH

MAX_PACKET_BYTES: Final = 1024 * 1024
MAX_CREATORS: Final = 32
MAX_LANGUAGES: Final = 32

# Some writers append it. In UTF-16 it is part of characters, from the first one on.
NUL: Final = b"\0"

RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC: Final = "{http://purl.org/dc/elements/1.1/}"
LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
DEFAULT: Final = "x-default"

PACKET: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "{properties}"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="r"?>'
)


class _Builder(TreeBuilder):
    def doctype(self, *_: object) -> None:
        raise ParseError("a document type is declared")


def parse_xmp(packet: bytes) -> Element | None:
    """Return the root of the packet, or None when it is too long, malformed or has a DOCTYPE."""
    if len(packet) > MAX_PACKET_BYTES:
        return None
    parser = XMLParser(target=_Builder())  # noqa: S314 - no document type, hence no entities
    try:
        parser.feed(packet if NUL in packet[:8] else packet.rstrip(NUL))
        root: Element = parser.close()
    except (ParseError, LookupError, ValueError):  # the latter two for unknown encodings
        return None
    return root


def extract_rights(packet: bytes) -> bytes | None:
    root = parse_xmp(packet)
    if root is None:
        return None
    creators = [text for _, text in _iter_texts(root, "creator")][:MAX_CREATORS]
    rights = dict(list(_iter_texts(root, "rights"))[:MAX_LANGUAGES])
    properties = _build_creator(creators) + _build_rights(rights)
    return PACKET.format(properties=properties).encode() if properties else None


def _iter_texts(root: Element, name: str) -> Iterator[tuple[str, str]]:
    """Yield language and text of every item of a property, or of a property that is no list."""
    for element in root.iter(DC + name):
        for item in [*element.iter(RDF + "li")] or [element]:
            yield from _iter_valid(item.get(LANGUAGE, DEFAULT), item.text)
    for description in root.iter(RDF + "Description"):
        yield from _iter_valid(DEFAULT, description.get(DC + name))


def _iter_valid(language: str, text: str | None) -> Iterator[tuple[str, str]]:
    if text and text.strip() and len(text) <= MAX_TEXT_LENGTH:
        yield language, text.strip()


def _build_creator(names: list[str]) -> str:
    items = "".join(f"<rdf:li>{escape(name, quote=False)}</rdf:li>" for name in names)
    return f"<dc:creator><rdf:Seq>{items}</rdf:Seq></dc:creator>" if items else ""


def _build_rights(texts: dict[str, str]) -> str:
    items = "".join(
        f'<rdf:li xml:lang="{escape(language)}">{escape(text, quote=False)}</rdf:li>'
        for language, text in texts.items()
    )
    return f"<dc:rights><rdf:Alt>{items}</rdf:Alt></dc:rights>" if items else ""
