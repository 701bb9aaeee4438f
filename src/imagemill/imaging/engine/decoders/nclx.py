"""What an AVIF or HEIC says of its colours, besides a profile, which its decoder reads.

Source: ISO/IEC 14496-12, 8.11 (meta, pitm), 8.11.14 (iprp, ipco, ipma) and 12.1.5 (colr).
"""

from collections.abc import Iterator
from typing import Final

from imagemill.imaging.color.code_points import ColorSpaceTag, find_tag
from imagemill.imaging.file_data import Data
from imagemill.imaging.iso_boxes import VERSION_BYTES, Box, find_box, iter_boxes

NCLX: Final = b"nclx"

# Flag of ipma: indices have 15 bits instead of 7, after a bit that says "essential".
HAS_WIDE_INDICES: Final = 1


def read_tag(data: Data) -> ColorSpaceTag | None:
    """Return what `nclx` of the primary picture says; None when that is nothing."""
    for box in _iter_properties(data):
        kind, numbers = data[box.content : box.content + 4], box.content + 4
        if box.kind == b"colr" and kind == NCLX and numbers + 4 <= box.end:
            return find_tag(
                int.from_bytes(data[numbers : numbers + 2]),
                int.from_bytes(data[numbers + 2 : numbers + 4]),
            )
    return None


def _iter_properties(data: Data) -> Iterator[Box]:
    """Yield the properties of the primary picture."""
    meta = find_box(data, b"meta")
    if meta is None:
        return
    inside = (meta.content + VERSION_BYTES, meta.end)
    primary, all_properties = find_box(data, b"pitm", *inside), find_box(data, b"iprp", *inside)
    if primary is None or all_properties is None:
        return
    stored = find_box(data, b"ipco", all_properties.content, all_properties.end)
    if stored is None:
        return
    boxes = list(iter_boxes(data, stored.content, stored.end))
    item = _read_item(data, primary)
    for box in iter_boxes(data, all_properties.content, all_properties.end):
        if box.kind == b"ipma":
            indices = _read_indices(data[box.content : box.end], item)
            yield from (boxes[index - 1] for index in indices if 0 < index <= len(boxes))


def _read_item(data: Data, primary: Box) -> int:
    start = primary.content + VERSION_BYTES
    return int.from_bytes(data[start : start + (4 if data[primary.content] else 2)])


def _read_indices(table: bytes, item: int) -> list[int]:
    """Return the indices, from 1, of the item's properties; none when the table is damaged."""
    id_bytes = 4 if table[:1] > b"\0" else 2
    index_bytes = 2 if table[3:4] and table[3] & HAS_WIDE_INDICES else 1
    at = VERSION_BYTES + 4
    while at + id_bytes < len(table):
        found, count = int.from_bytes(table[at : at + id_bytes]), table[at + id_bytes]
        start = at + id_bytes + 1
        at = start + count * index_bytes
        if found == item:
            essential = 1 << (8 * index_bytes - 1)
            return [
                int.from_bytes(table[n : n + index_bytes]) & (essential - 1)
                for n in range(start, at, index_bytes)
            ]
    return []
