"""By-line and copyright notice of IPTC, and the Photoshop resource that wraps it in a JPEG.

Source: IPTC-NAA Information Interchange Model 4.2, 1.6 (datasets) and 6 (application record);
Adobe Photoshop File Formats Specification, "Image Resource Blocks".
"""

from collections.abc import Iterator
from typing import Final

from imagemill.imaging.metadata.rights import MAX_TEXT_LENGTH

WRAPPING: Final = b"Photoshop 3.0\0"
RESOURCE: Final = b"8BIM"
IPTC: Final = 0x0404

# The tag of a TIFF for unwrapped records.
TAG: Final = 0x83BB

MARKER: Final = 0x1C
HEAD: Final = 5
# From here on, a length is that of the length field, for datasets that are no text.
EXTENDED: Final = 0x8000

ENCODING: Final = (1, 90)
VERSION: Final = (2, 0)
BY_LINE: Final = (2, 80)
NOTICE: Final = (2, 116)
MAX_TEXTS: Final = 32


def extract_rights(records: bytes) -> bytes | None:
    """Return unwrapped datasets, of records that may be wrapped or not."""
    found = [
        (name, text)
        for name, text in _iter_datasets(unwrap_records(records))
        if len(text) <= MAX_TEXT_LENGTH
    ]
    texts = [(name, text) for name, text in found if name in {BY_LINE, NOTICE} and text.strip()]
    if not texts:
        return None
    encoding = [(name, text) for name, text in found if name == ENCODING][:1]
    kept = [*encoding, (VERSION, b"\0\4"), *sorted(texts[:MAX_TEXTS], key=lambda named: named[0])]
    return b"".join(_build_dataset(name, text) for name, text in kept)


def wrap_records(records: bytes) -> bytes:
    """Return the records wrapped as in a JPEG."""
    resource = RESOURCE + IPTC.to_bytes(2) + bytes(2) + len(records).to_bytes(4) + records
    return WRAPPING + resource + bytes(len(records) % 2)


def unwrap_records(block: bytes) -> bytes:
    """Return the records without a JPEG's wrapping; unwrapped ones unchanged."""
    if not block.startswith(WRAPPING):
        return block
    at = len(WRAPPING)
    while block[at : at + 4] == RESOURCE:
        kind = int.from_bytes(block[at + 4 : at + 6])
        name = block[at + 6] if at + 6 < len(block) else 0
        size = at + 6 + (name + 2) // 2 * 2
        start = size + 4
        length = int.from_bytes(block[size:start])
        if kind == IPTC:
            return block[start : start + length]
        at = start + (length + 1) // 2 * 2
    return b""


def _iter_datasets(records: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    while at + HEAD <= len(records) and records[at] == MARKER:
        length = int.from_bytes(records[at + 3 : at + HEAD])
        if length >= EXTENDED:
            return
        yield (records[at + 1], records[at + 2]), records[at + HEAD : at + HEAD + length]
        at += HEAD + length


def _build_dataset(name: tuple[int, int], text: bytes) -> bytes:
    return bytes([MARKER, *name]) + len(text).to_bytes(2) + text
