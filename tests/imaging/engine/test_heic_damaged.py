"""HEIC files that are damaged, too large or lie about their size are refused with a reason."""

import random
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image
from PIL.ExifTags import Base

from imagemill.imaging.errors import ImagingError, InvalidImage, OutOfMemory, TooLarge
from imagemill.imaging.sandbox.sandbox import Sandbox
from imaging.image_processes import ONE_OUTPUT, render_file
from imaging.studio import LIMITS, Studio, gradient, heic, noise, p3_profile


@pytest.mark.parametrize("sixteenths", [*range(1, 16), 15.9])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_truncated_picture_in_tiles_or_with_alpha_is_invalid(
    studio: Studio, mode: str, sixteenths: float
) -> None:
    whole = heic(noise(160, 160).convert(mode), tile_size=64)
    with pytest.raises(InvalidImage, match=r"^The picture cannot be decoded: .*\.$"):
        studio.render(
            studio.write(whole[: int(len(whole) * sixteenths / 16)], "in.heic"), {"width": 20}
        )


def with_size(width: int, height: int) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        at = data.index(b"ispe") + 8
        return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]

    return changed


def with_bits(bits: int) -> Callable[[bytes], bytes]:
    """Return a mutation of the depth in the header."""

    def changed(data: bytes) -> bytes:
        at = data.index(b"hvcC") + 21
        return data[:at] + bytes([0xF8 | bits - 8] * 2) + data[at + 2 :]

    return changed


def without_data(data: bytes) -> bytes:
    """Say that the first part of the coded picture is one byte long."""
    at = data.index(b"mdat") + 4
    return data[:at] + struct.pack(">I", 1) + data[at + 4 :]


@pytest.mark.parametrize(
    "damage",
    [
        with_size(61, 40),
        with_size(5000, 5000),
        with_size(2**31, 2**31),
        with_size(0, 0),
        with_bits(10),
        with_bits(15),
        without_data,
        lambda data: data.replace(b"pitm", b"free"),
        lambda data: data.replace(b"hvcC", b"free"),
        lambda data: data.replace(b"hvc1", b"j2k1"),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_lie_about_the_picture_is_invalid(
    studio: Studio, damage: Callable[[bytes], bytes], mode: str
) -> None:
    data = heic(gradient(60, 40).convert(mode))
    assert damage(data) != data
    with pytest.raises(InvalidImage):
        studio.render(studio.write(damage(data), "in.heic"), {})


@pytest.mark.parametrize(
    ("size", "error", "said"),
    [
        ((10_000, 10_001), TooLarge, "10000x10001"),
        ((66_000, 1), TooLarge, "66000x1"),
        ((2**28, 64), InvalidImage, "268435456x64"),
        ((64, 2**32 - 1), InvalidImage, "64x0"),  # more than the decoder counts
    ],
)
def test_a_picture_in_tiles_that_says_it_is_huge_is_refused(
    studio: Studio, size: tuple[int, int], error: type[ImagingError], said: str
) -> None:
    in_tiles = heic(gradient(100, 80), tile_size=64)
    with pytest.raises(error, match=said):
        studio.render(studio.write(with_size(*size)(in_tiles), "in.heic"), {})


async def test_a_picture_that_needs_more_memory_than_a_child_has_is_out_of_memory(
    studio: Studio,
) -> None:
    quickly = {"quality": 1, "chroma": 420, "enc_params": {"preset": "ultrafast"}}
    large = heic(Image.new("RGB", (6000, 4000)), tile_size=2000, **quickly)
    file = studio.write(large, "in.heic")
    async with Sandbox.open(1, replace(LIMITS, memory_bytes=150 * 1024**2)) as sandbox:
        with pytest.raises(OutOfMemory):
            await render_file(sandbox, file, studio.outputs, ONE_OUTPUT)


def test_too_many_pixels_are_refused_before_any_is_decoded(studio: Studio) -> None:
    cannot_be_decoded = studio.write(without_data(heic(gradient(60, 40))), "in.heic")
    with pytest.raises(TooLarge, match="60x40, which is 2400 pixels; the limit is 2399"):
        studio.render(cannot_be_decoded, {}, limits=replace(LIMITS, max_pixels=2399))


@pytest.mark.parametrize("options", [{"quality": 80}, {"tile_size": 64}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
async def test_whatever_is_done_to_a_file_its_child_answers(
    studio: Studio, mode: str, options: dict[str, object]
) -> None:
    exif = Image.Exif()
    exif[Base.Make] = "Phone"
    options = options | {"exif": exif.tobytes(), "icc_profile": p3_profile(), "xmp": b"<x/>"}
    data = heic(noise(80, 70).convert(mode), **options)
    rng = random.Random(7)
    answers = set()
    async with Sandbox.open(1, LIMITS) as sandbox:
        for _ in range(80):
            file = studio.write(damaged(data, rng), "in.heic")
            try:
                await render_file(sandbox, file, studio.outputs, ONE_OUTPUT)
                answers.add("shown")
            except ImagingError as error:
                answers.add(error.code)
    assert answers <= {"shown", "invalid_image", "unsupported_format", "too_large"}
    assert {"shown", "invalid_image"} <= answers


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Change a few bytes, most of them before the coded picture, where they mean the most."""
    changed = bytearray(data)
    described = data.index(b"mdat")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(described if rng.random() < 0.8 else len(data))
        changed[at] ^= 1 << rng.randrange(8) if rng.random() < 0.5 else rng.randrange(1, 256)
    return bytes(changed)
