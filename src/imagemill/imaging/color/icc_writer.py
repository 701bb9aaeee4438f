"""Writing of ICC profiles, for colours that a file describes otherwise.

Source: ICC.1:2022, 7 (layout), 9.2 (tags) and 10 (types of tags).
"""

from collections.abc import Sequence
from functools import cache
from struct import pack
from typing import Final

from imagemill.imaging.color.chromaticities import D50, Chromaticities, transpose
from imagemill.imaging.color.code_points import Curve, Transfer

# Big-endian, in units of 1 / 65536.
FIXED_ONE: Final = 65536
HEADER_BYTES: Final = 128
ENTRY_BYTES: Final = 12

VERSION: Final = b"\4\x30\0\0"
COPYRIGHT: Final = "No copyright"

# As a curve of type 3: the power, then (a x + b) above d, and c x below. Source: IEC 61966-2-1.
SRGB_CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)

# Decades of light that the signal of a logarithmic curve spans. Source: ITU-T H.273, table 3.
DECADES: Final = {Curve.LOG_2: 2.0, Curve.LOG_2_5: 2.5}
TABLE_ENTRIES: Final = 1024


@cache
def build_profile(
    chromaticities: Chromaticities, transfer: Transfer, name: str, *, is_gray: bool
) -> bytes:
    """Return a profile of a display; a grey one has the curve alone.

    Both lead from the signal to light and back. Raises KeyError for PQ and HLG, whose light has no
    fixed white.
    """
    curve = _encode_curve(transfer)
    adaptation = b"".join(encode_fixed(*row) for row in chromaticities.adaptation())
    tags = {
        b"desc": _encode_text(name),
        b"cprt": _encode_text(COPYRIGHT),
        b"wtpt": encode_xyz(*D50),
        b"chad": b"sf32\0\0\0\0" + adaptation,
    }
    if is_gray:
        return assemble_profile(b"GRAY", tags | {b"kTRC": curve})
    for letter, column in zip(b"rgb", transpose(chromaticities.to_d50()), strict=True):
        tags[bytes([letter]) + b"XYZ"] = encode_xyz(*column)
        tags[bytes([letter]) + b"TRC"] = curve
    return assemble_profile(b"RGB ", tags)


def assemble_profile(
    space: bytes,
    tags: dict[bytes, bytes],
    kind: bytes = b"mntr",
    version: bytes = VERSION,
    connection: bytes = b"XYZ ",
) -> bytes:
    """Return a profile with these tags; its class is that of displays unless given."""
    table, body = len(tags).to_bytes(4), b""
    start = HEADER_BYTES + len(table) + ENTRY_BYTES * len(tags)
    at: dict[bytes, int] = {}
    for name, tag in tags.items():
        if tag not in at:  # equal curves are stored once
            at[tag] = start + len(body)
            body += tag.ljust((len(tag) + 3) // 4 * 4, b"\0")
        table += name + pack(">II", at[tag], len(tag))
    facts = bytes(4) + version + kind + space + connection
    made = pack(">6H", 2025, 1, 1, 0, 0, 0) + b"acsp"
    header = pack(">I", start + len(body)) + facts + made + bytes(28) + encode_fixed(*D50)
    return header.ljust(HEADER_BYTES, b"\0") + table + body


def encode_table(levels: Sequence[float]) -> bytes:
    """Return a curve through these levels, 0 to 1, at equal distances."""
    table = [round(level * 65535) for level in levels]
    return b"curv\0\0\0\0" + pack(f">I{len(table)}H", len(table), *table)


def _encode_text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


def encode_old_text(kind: bytes, text: str) -> bytes:
    """Return a text of version 2: `text`, or `desc`, with no translations."""
    ended = text.encode("ascii") + b"\0"
    if kind == b"text":
        return b"text\0\0\0\0" + ended
    return b"desc\0\0\0\0" + len(ended).to_bytes(4) + ended + bytes(4 + 4 + 2 + 1 + 67)


def encode_xyz(*xyz: float) -> bytes:
    return b"XYZ \0\0\0\0" + encode_fixed(*xyz)


def encode_fixed(*numbers: float) -> bytes:
    return b"".join(pack(">i", round(number * FIXED_ONE)) for number in numbers)


def _encode_curve(transfer: Transfer) -> bytes:
    if isinstance(transfer, float):
        return b"para\0\0\0\0\0\0\0\0" + encode_fixed(transfer)
    if transfer is Curve.SRGB:
        return b"para\0\0\0\0\0\3\0\0" + encode_fixed(*SRGB_CURVE)
    decades = DECADES[transfer]
    levels = (10 ** ((at / (TABLE_ENTRIES - 1) - 1) * decades) for at in range(1, TABLE_ENTRIES))
    return encode_table([0.0, *levels])
