"""BMP and ICO inputs; BMPs of other kinds than Pillow writes are built by hand."""

import struct
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagemill.imaging.errors import ImagingError, InvalidImage, TooLarge
from imaging.studio import LIMITS, Studio, difference, gradient, noise

RLE8, RLE4, BITFIELDS = 1, 2, 3
FOUR = np.array([[1, 2, 3, 3], [3, 3, 0, 1]], "uint8")
RUNS_OF_8 = bytes.fromhex("0203 0100 0101 0000 0101 0102 0203 0000 0001")
RUNS_OF_4 = bytes.fromhex("0233 0201 0000 0212 0233 0000 0001")
PALETTE = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


def bmp(
    size: tuple[int, int],
    bits: int,
    pixels: bytes,
    compression: int = 0,
    extra: bytes = b"",
    offset: int | None = None,
) -> bytes:
    """Build a file with a header of 40 bytes; `extra` stands between it and the pixels."""
    start = 54 + len(extra) if offset is None else offset
    info = struct.pack("<IiiHHIIiiII", 40, *size, 1, bits, compression, len(pixels), 0, 0, 4, 0)
    if compression == BITFIELDS and len(extra) == 16:  # with alpha: a header of version 4
        info = struct.pack("<I", 108) + info[4:] + extra + bytes(52)
        start, extra = 14 + 108, b""
    return struct.pack("<2sIHHI", b"BM", 0, 0, 0, start) + info + extra + pixels


def colors() -> bytes:
    return b"".join(struct.pack("BBBx", *reversed(color)) for color in PALETTE)


def write(studio: Studio, data: bytes) -> Path:
    file = studio.inputs / "in"
    file.write_bytes(data)
    return file


def drawn() -> Image.Image:
    return Image.fromarray(np.array(PALETTE, "uint8")[FOUR])


@pytest.mark.parametrize(
    "data",
    [
        bmp((4, 2), 8, bytes([3, 3, 0, 1, 1, 2, 3, 3]), extra=colors()),
        bmp((4, -2), 8, bytes([1, 2, 3, 3, 3, 3, 0, 1]), extra=colors()),
        bmp((4, 2), 4, bytes([0x33, 0x01, 0, 0, 0x12, 0x33, 0, 0]), extra=colors()),
        bmp((4, 2), 8, RUNS_OF_8, RLE8, colors()),
        bmp((4, 2), 4, RUNS_OF_4, RLE4, colors()),
    ],
    ids=["8 bits", "top-down", "4 bits", "RLE8", "RLE4"],
)  # fmt: skip
def test_a_palette_of_every_kind(studio: Studio, data: bytes) -> None:
    assert difference(studio.make(write(studio, data), format="png"), drawn()) == 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_what_pillow_writes_is_read(studio: Studio, mode: str) -> None:
    picture = noise(61, 40, 4).convert(mode)
    file = studio.save(picture, "in.bmp")
    # Without a mask the fourth byte of a pixel means nothing.
    assert difference(studio.make(file, format="png"), picture.convert("RGB"), "RGBA") == 0


def test_sixteen_bits_have_five_or_six_for_a_color(studio: Studio) -> None:
    red, green = 0b11111 << 11, 0b111111 << 5
    masks = struct.pack("<III", red, green, 0b11111)
    data = bmp((2, 1), 16, struct.pack("<HH", red, green), BITFIELDS, masks)
    assert [
        *studio.make(write(studio, data), format="png").convert("RGB").get_flattened_data()
    ] == [
        (255, 0, 0),
        (0, 255, 0),
    ]


def test_a_mask_of_alpha_counts(studio: Studio) -> None:
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    data = bmp((2, 1), 32, struct.pack("<II", 0x80FF0000, 0xFF0000FF), BITFIELDS, masks)
    made = studio.make(write(studio, data), format="png")
    assert [*made.convert("RGBA").get_flattened_data()] == [(255, 0, 0, 128), (0, 0, 255, 255)]


def test_without_a_format_they_become_pngs(studio: Studio) -> None:
    assert studio.make(studio.save(gradient(20, 10), "in.bmp")).format == "PNG"
    assert studio.make(studio.save(gradient(16, 16), "in.ico")).format == "PNG"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (bmp((1_000_000, 1_000_000), 24, b""), TooLarge),
        (bmp((50_000, 50_000), 24, b""), TooLarge),
        (bmp((2**31 - 1, -(2**31)), 24, b""), TooLarge),
        (bmp((0, 5), 24, b""), InvalidImage),
        (bmp((-5, 5), 24, bytes(75)), TooLarge),
        (bmp((4, 2), 24, bytes(24), offset=2**31), InvalidImage),
        (bmp((4, 2), 24, bytes(20)), InvalidImage),
        (bmp((4, 2), 7, bytes(24)), InvalidImage),
        (bmp((4, 2), 8, bytes([1, 3]), RLE8, colors()), InvalidImage),
        (bmp((4, 2), 24, bytes(24), compression=9), InvalidImage),
    ],
)
def test_a_hostile_bmp_is_refused(studio: Studio, data: bytes, error: type[ImagingError]) -> None:
    with pytest.raises(error):
        studio.render(write(studio, data), {})


def icon(*entries: tuple[int, bytes], count: int | None = None) -> bytes:
    """Build an ICO of images with their sides."""
    offset, directory = 6 + 16 * len(entries), b""
    for side, content in entries:
        directory += struct.pack(
            "<BBBBHHII", side % 256, side % 256, 0, 0, 1, 32, len(content), offset
        )
        offset += len(content)
    head = struct.pack("<HHH", 0, 1, len(entries) if count is None else count)
    return head + directory + b"".join(content for _, content in entries)


def png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("inside", ["bmp", "png"])
def test_the_largest_image_of_an_icon_is_taken(studio: Studio, inside: str) -> None:
    picture = noise(64, 64, 4)
    file = studio.save(
        picture, "in.ico", sizes=[(16, 16), (64, 64), (32, 32)], bitmap_format=inside
    )
    rendered = studio.render(file, {})
    assert (rendered.input.width, rendered.input.frames) == (64, 1)
    assert difference(studio.make(file, format="png"), picture, "RGBA") == 0


def test_a_png_inside_may_be_larger_than_its_entry_says(studio: Studio) -> None:
    file = write(studio, icon((256, png(gradient(512, 512))), (32, png(gradient(32, 32)))))
    assert studio.render(file, {}).input.width == 512
    with pytest.raises(TooLarge):
        studio.render(file, {}, limits=replace(LIMITS, max_pixels=512 * 512 - 1))


def dib(width: int, height: int) -> bytes:
    return struct.pack("<IiiHHIIiiII", 40, width, height, 1, 32, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: icon((16, dib(16, 32)), count=65535), InvalidImage),
        (lambda: icon(*[(16, b"")] * 65535), InvalidImage),
        (lambda: icon((16, b"\x89PNG\r\n\x1a\n")), InvalidImage),
        (lambda: icon((16, dib(1_000_000, 2_000_000))), TooLarge),
        (lambda: icon((16, dib(50_000, 100_000))), TooLarge),
        (lambda: icon((16, dib(0, 0))), InvalidImage),
        (lambda: icon((16, png(gradient(16, 16))))[:-20], InvalidImage),
    ],
)
def test_a_hostile_icon_is_refused(
    studio: Studio, make: Callable[[], bytes], error: type[ImagingError]
) -> None:
    with pytest.raises(error):
        studio.render(write(studio, make()), {})
