"""Small valid pictures of every format, and random damage to their bytes."""

import random
from collections.abc import Callable, Iterator
from io import BytesIO

from PIL import Image, ImageCms

from imaging import jxl_plugin
from imaging.gain_maps import ultra_hdr
from imaging.studio import gradient, heic, noise

Damage = Callable[[bytearray, random.Random], None]


def valid_pictures() -> list[bytes]:
    """Return a picture of each format and kind: still, animated, with profile, alpha or EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    metadata = {"exif": exif, "icc_profile": profile}
    photo, clear = noise(48, 36), gradient(48, 36).convert("RGBA")
    clear.putalpha(photo.convert("L"))
    animated = {"save_all": True, "append_images": [photo, clear.convert("RGB")], "duration": 40}
    return [
        _save(photo, "JPEG", **metadata),
        _save(photo, "JPEG", progressive=True),
        _save(photo.convert("CMYK"), "JPEG"),
        _save(clear, "PNG", **metadata),
        _save(photo.convert("P"), "PNG"),
        _save(clear, "WEBP", **metadata),
        _save(photo, "WEBP", **animated),
        _save(photo, "GIF", **animated),
        _save(clear, "GIF", **animated, disposal=[2, 3, 2]),
        _save(clear, "PNG", **animated, disposal=[0, 1, 2]),
        _save(photo, "TIFF", compression="tiff_lzw"),
        _save(clear, "TIFF"),
        _save(photo, "AVIF"),
        heic(photo),
        ultra_hdr(photo, photo.convert("L").resize((12, 9))),
        ultra_hdr(photo, photo.resize((48, 36))),
        *jpeg_xls(photo, clear),
        _save(photo, "BMP"),
        _save(photo.convert("P"), "BMP"),
        _save(clear, "ICO", sizes=[(36, 36)], bitmap_format="bmp"),
        _save(clear, "ICO", sizes=[(36, 36), (16, 16)]),
    ]


def jpeg_xls(photo: Image.Image, clear: Image.Image) -> list[bytes]:
    """Return one without and one with loss, in a container, and an animation."""
    return [
        jxl_plugin.encode(clear),
        jxl_plugin.encode(photo, lossless=False, distance=2.0, usecontainer=True),
        jxl_plugin.encode(photo, append_images=[gradient(48, 36)]),
    ]


def mutate(pictures: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` damaged pictures, the same ones for the same seed."""
    rng = random.Random(seed)
    for _ in range(count):
        data = bytearray(rng.choice(pictures))
        for _ in range(rng.choice((1, 1, 2, 4))):
            rng.choice(DAMAGES)(data, rng)
        yield bytes(data)


def _flip_bits(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 2, 8, 32))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _write_extreme_number(data: bytearray, rng: random.Random) -> None:
    """Write an extreme number over four bytes, which may be a length, a size or a count."""
    at = rng.randrange(max(1, len(data)))
    data[at : at + 4] = rng.choice((b"\0\0\0\0", b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\0\0\0\1"))


def _change_header(data: bytearray, rng: random.Random) -> None:
    """Change a byte of the header, where formats keep their sizes."""
    at = rng.randrange(min(64, max(1, len(data))))
    data[at : at + 1] = bytes([rng.randrange(256)])


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(max(1, len(data))) :]


def _drop_bytes(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(max(1, len(data)))
    del data[at : at + rng.randrange(1, 64)]


def _repeat_bytes(data: bytearray, rng: random.Random) -> None:
    at, length = rng.randrange(max(1, len(data))), rng.randrange(1, 256)
    data[at:at] = data[at : at + length]


DAMAGES: tuple[Damage, ...] = (
    _flip_bits,
    _write_extreme_number,
    _change_header,
    _truncate,
    _drop_bytes,
    _repeat_bytes,
)


def _save(picture: Image.Image, format_: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()
