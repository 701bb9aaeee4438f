"""dc:creator and dc:rights of XMP. Source: ISO 16684-1, 7 (serialisation) and 8.3 (Dublin Core).

The packet is a stranger's XML. It is read up to a length, and not at all when it declares a
document type, which alone could define entities.
"""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.sax.saxutils import escape, quoteattr

from imagemill.imaging.metadata.rights import LONGEST

LONGEST_PACKET: Final = 1024 * 1024
MOST_CREATORS: Final = 32
MOST_LANGUAGES: Final = 32

# Some writers end texts with it. In UTF-16 it is part of the letters, from the first one on.
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


def parsed(packet: bytes) -> Element | None:
    """Return the packet's XML; None when it is too long, no XML, or declares a document type."""
    if len(packet) > LONGEST_PACKET:
        return None
    parser = XMLParser(target=_Builder())  # noqa: S314 - no document type, hence no entities
    try:
        parser.feed(packet if NUL in packet[:8] else packet.rstrip(NUL))
        root: Element = parser.close()
    except (ParseError, LookupError, ValueError):  # the latter two for encodings that are none
        return None
    return root


def rights_of(packet: bytes) -> bytes | None:
    root = parsed(packet)
    if root is None:
        return None
    creators = [text for _, text in _texts(root, "creator")][:MOST_CREATORS]
    rights = dict(list(_texts(root, "rights"))[:MOST_LANGUAGES])
    properties = _creator(creators) + _rights(rights)
    return PACKET.format(properties=properties).encode() if properties else None


def _texts(root: Element, name: str) -> Iterator[tuple[str, str]]:
    """Yield language and text of every item of a property, or of one that is no list."""
    for element in root.iter(DC + name):
        for item in [*element.iter(RDF + "li")] or [element]:
            yield from _text(item.get(LANGUAGE, DEFAULT), item.text)
    for description in root.iter(RDF + "Description"):
        yield from _text(DEFAULT, description.get(DC + name))


def _text(language: str, text: str | None) -> Iterator[tuple[str, str]]:
    if text and text.strip() and len(text) <= LONGEST:
        yield language, text.strip()


def _creator(names: list[str]) -> str:
    items = "".join(f"<rdf:li>{escape(name)}</rdf:li>" for name in names)
    return f"<dc:creator><rdf:Seq>{items}</rdf:Seq></dc:creator>" if items else ""


def _rights(texts: dict[str, str]) -> str:
    items = "".join(
        f"<rdf:li xml:lang={quoteattr(language)}>{escape(text)}</rdf:li>"
        for language, text in texts.items()
    )
    return f"<dc:rights><rdf:Alt>{items}</rdf:Alt></dc:rights>" if items else ""
