"""The town at night in HDR: in PQ, as screens of HDR are sent it, and as a photo with a gain map.

Sources: ITU-R BT.2100-3, table 4 (PQ); W3C PNG, third edition, 11.3.2.6 (cICP).
"""

from pathlib import Path
from typing import Final
from zlib import crc32

from pyvips import GValue, Image

from gallery.samples import night

# White of the drawing, and its lights, in nits.
WHITE_NITS: Final = 203
BRIGHTEST_NITS: Final = 1000
GAIN: Final = BRIGHTEST_NITS / WHITE_NITS

# From this level of 255 on, the drawing shows lamps and the moon.
LIGHT: Final = 150

# Signature and header of a PNG, and BT.709's primaries with PQ.
HEAD_BYTES: Final = 8 + 25
CICP: Final = b"cICP" + bytes([1, 16, 0, 1])

QUALITY: Final = 92
MAP_SHRINK: Final = 4


def save_pq(file: Path) -> None:
    """Write the picture as a PNG of 16 bits that names its colours by `cICP`."""
    light = _draw().colourspace("scrgb")
    nits = light * (_draw_gain() * (GAIN - 1) + 1) * WHITE_NITS
    power = (nits / 10000) ** (1305 / 8192)
    signal = ((power * (2413 / 128) + 107 / 128) / (power * (2392 / 128) + 1)) ** (2523 / 32)
    deep = (signal * 65535).rint().cast("ushort").copy(interpretation="rgb16")
    png = bytes(deep.pngsave_buffer(keep="none"))
    chunk = (len(CICP) - 4).to_bytes(4) + CICP + crc32(CICP).to_bytes(4)
    file.write_bytes(png[:HEAD_BYTES] + chunk + png[HEAD_BYTES:])


def save_with_gain_map(file: Path) -> None:
    """Write the drawing as a JPEG whose map says how much brighter its lights are."""
    picture = _draw().copy()
    levels = (_draw_gain() * 255).rint().cast("uchar").copy(interpretation="b-w")
    small = levels.shrink(MAP_SHRINK, MAP_SHRINK)
    picture.set_type(GValue.blob_type, "gainmap-data", small.jpegsave_buffer(Q=QUALITY))
    for name, value in {"max": GAIN, "min": 1.0}.items():
        field = f"gainmap-{name}-content-boost"
        picture.set_type(GValue.array_double_type, field, [value] * 3)
        picture.set_type(GValue.gdouble_type, f"gainmap-hdr-capacity-{name}", value)
    for name, value in {"gamma": 1.0, "offset-sdr": 1 / 64, "offset-hdr": 1 / 64}.items():
        picture.set_type(GValue.array_double_type, f"gainmap-{name}", [value] * 3)
    picture.set_type(GValue.gint_type, "gainmap-use-base-cg", 1)
    picture.uhdrsave(str(file), Q=QUALITY, keep="gainmap")


def _draw() -> Image:
    return night.draw()[:3].copy(interpretation="srgb")


def _draw_gain() -> Image:
    """Return how much of the gain each pixel has, 0 to 1."""
    above = (_draw().colourspace("b-w") - LIGHT) / (255 - LIGHT)
    return (above > 0).ifthenelse(above, 0)
