"""Good little pictures of every format, and what becomes of them when their bytes are damaged."""

import random
from collections.abc import Callable, Iterator
from io import BytesIO

from PIL import Image, ImageCms

from imaging.studio import gradient, heic, noise

Damage = Callable[[bytearray, random.Random], None]


def good_pictures() -> list[bytes]:
    """Return a picture a format and kind: still and moving, with profile, alpha, and EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    told = {"exif": exif, "icc_profile": profile}
    photo, clear = noise(48, 36), gradient(48, 36).convert("RGBA")
    clear.putalpha(photo.convert("L"))
    frames = {"save_all": True, "append_images": [photo, clear.convert("RGB")], "duration": 40}
    return [
        _saved(photo, "JPEG", **told),
        _saved(photo, "JPEG", progressive=True),
        _saved(photo.convert("CMYK"), "JPEG"),
        _saved(clear, "PNG", **told),
        _saved(photo.convert("P"), "PNG"),
        _saved(clear, "WEBP", **told),
        _saved(photo, "WEBP", **frames),
        _saved(photo, "GIF", **frames),
        _saved(photo, "TIFF", compression="tiff_lzw"),
        _saved(clear, "TIFF"),
        _saved(photo, "AVIF"),
        heic(photo),
    ]


def mutated(pictures: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield so many damaged pictures, the same ones for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        data = bytearray(chance.choice(pictures))
        for _ in range(chance.choice((1, 1, 2, 4))):
            chance.choice(DAMAGES)(data, chance)
        yield bytes(data)


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 8, 32))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _extreme(data: bytearray, chance: random.Random) -> None:
    """Write a number that lengths, sizes and counts do not expect."""
    at = chance.randrange(max(1, len(data)))
    data[at : at + 4] = chance.choice(
        (b"\0\0\0\0", b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\0\0\0\1")
    )


def _in_the_head(data: bytearray, chance: random.Random) -> None:
    """Do it where formats keep their sizes."""
    at = chance.randrange(min(64, max(1, len(data))))
    data[at : at + 1] = bytes([chance.randrange(256)])


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(max(1, len(data))) :]


def _drop(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(max(1, len(data)))
    del data[at : at + chance.randrange(1, 64)]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at, length = chance.randrange(max(1, len(data))), chance.randrange(1, 256)
    data[at:at] = data[at : at + length]


DAMAGES: tuple[Damage, ...] = (_flip, _extreme, _in_the_head, _cut, _drop, _repeat)


def _saved(picture: Image.Image, format_: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()
