"""The orientation in an EXIF block, where it is written as the standard has it. Pure.

Source: TIFF 6.0, section 2, and CIPA DC-008, 4.6.4.
"""

from struct import error, unpack_from
from types import MappingProxyType
from typing import Final

from imagemill.imaging.engine.header import UPRIGHT
from imagemill.imaging.metadata.rights.exif import PREFIX
from imagemill.imaging.metadata.tag_directory import ENTRY_BYTES

ORDERS: Final = MappingProxyType({b"II*\0": "<", b"MM\0*": ">"})

ORIENTATION: Final = 0x0112
SHORT: Final = 3


def read_orientation(block: bytes) -> int | None:
    """Return 1 to 8, 1 where the block has no orientation; None where readers might differ."""
    tiff = block.removeprefix(PREFIX)
    order = ORDERS.get(tiff[:4])
    if order is None or tiff == block:
        return None
    try:
        found = _read_entries(tiff, order)
    except error:  # the block ends within its first directory
        return None
    match found:
        case []:
            return UPRIGHT
        case [(type_, count, value)] if type_ == SHORT and count == 1 and value in range(1, 9):
            return value
        case _:
            return None


def _read_entries(tiff: bytes, order: str) -> list[tuple[int, int, int]]:
    """Return type, number of values and first value of each entry of that tag."""
    (at,) = unpack_from(order + "I", tiff, 4)
    (count,) = unpack_from(order + "H", tiff, at)
    places = range(at + 2, at + 2 + count * ENTRY_BYTES, ENTRY_BYTES)
    entries = (unpack_from(order + "HHIH", tiff, place) for place in places)
    return [(type_, number, value) for tag, type_, number, value in entries if tag == ORIENTATION]
