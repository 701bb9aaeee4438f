"""JPEGs that libjpeg-turbo decodes are those that libvips decodes: pixels, sizes and metadata."""

import mmap
from pathlib import Path
from typing import Final

import pytest
from PIL import Image as Picture

from imagemill.imaging.engine.decoders import load
from imagemill.imaging.engine.decoders.libjpeg_turbo import MAX_BYTES, decode_baseline
from imagemill.imaging.formats import JPEG
from imagemill.imaging.libvips import Image
from imaging.small_jpegs import encode, orient, scene
from imaging.studio import srgb_profile

SHRINKS: Final = (1, 2, 4, 8)
# Neither side is whole when it is halved twice.
WIDTH, HEIGHT = 333, 251

TAGGED: Final = {"exif": orient(6), "icc_profile": srgb_profile(), "dpi": (300, 300)}


def decode_both(data: bytes, shrink: int) -> tuple[Image, Image]:
    """Return what libvips decodes, and libjpeg-turbo."""
    decoded = decode_baseline(data, load(data, JPEG), shrink)
    assert decoded is not None
    return load(data, JPEG, shrink=shrink), decoded


@pytest.mark.parametrize("shrink", SHRINKS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("subsampling", [0, 1, 2], ids=["4:4:4", "4:2:2", "4:2:0"])
def test_pixels_are_those_of_libvips(mode: str, subsampling: int, shrink: int) -> None:
    data = encode(scene(WIDTH, HEIGHT).convert(mode), subsampling=subsampling)
    expected, decoded = decode_both(data, shrink)
    assert (decoded.width, decoded.height) == (expected.width, expected.height)
    assert (decoded - expected).abs().max() == 0


@pytest.mark.parametrize("shrink", SHRINKS)
def test_metadata_is_that_of_libvips(shrink: int) -> None:
    expected, decoded = decode_both(encode(scene(WIDTH, HEIGHT), **TAGGED), shrink)
    assert describe(decoded) == describe(expected)
    assert "icc-profile-data" in describe(decoded)


def test_a_large_file_is_decoded_from_its_mapping(tmp_path: Path) -> None:
    file = tmp_path / "large.jpg"
    file.write_bytes(encode(scene(WIDTH, HEIGHT)))
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        decoded = decode_baseline(data, load(data, JPEG), 2)
        assert decoded is not None
        expected = load(file.read_bytes(), JPEG, shrink=2)
        assert (decoded - expected).abs().max() == 0


def test_libvips_decodes_what_is_damaged() -> None:
    data = encode(scene(WIDTH, HEIGHT))
    middle = len(data) // 2
    for damaged in (data[:middle], data[:middle] + data[-2:]):
        assert decode_baseline(damaged, load(damaged, JPEG), 1) is None


@pytest.mark.parametrize(
    ("mode", "options"), [("CMYK", {}), ("RGB", {"progressive": True})], ids=["CMYK", "progressive"]
)
def test_libvips_decodes_what_it_alone_knows(mode: str, options: dict[str, object]) -> None:
    data = encode(scene(WIDTH, HEIGHT).convert(mode), **options)
    assert decode_baseline(data, load(data, JPEG), 1) is None


def test_libvips_decodes_what_would_take_much_memory() -> None:
    side = int((MAX_BYTES / 3) ** 0.5) + 1
    data = encode(Picture.new("RGB", (side, side)))
    opened = load(data, JPEG)
    assert decode_baseline(data, opened, 1) is None
    assert decode_baseline(data, opened, 2) is not None


def describe(image: Image) -> dict[str, object]:
    return {name: image.get(name) for name in image.get_fields() if name != "filename"}
