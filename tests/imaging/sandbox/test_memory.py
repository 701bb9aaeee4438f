"""Memory of an image process for a thumbnail of the largest pictures, and what is too much."""

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from imagemill.imaging.engine.decoders.buffering import read_samples_per_pixel
from imagemill.imaging.errors import InvalidImage, TooLarge
from imagemill.imaging.libvips import Image
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.image_processes import render_file, running_processes
from imaging.studio import LIMITS, Studio, gradient

THUMBNAIL = Pipeline.of(Output(width=1024, format="jpeg"))
MEBIBYTE = 1024**2


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox.open(1, LIMITS) as sandbox:
        yield sandbox


def plain(millions_of_pixels: int) -> Image:
    """Return a picture 10,000 wide, which holds no memory itself."""
    return Image.black(10_000, 100 * millions_of_pixels, bands=3).copy(interpretation="srgb")


def peak_bytes(pid: int) -> int:
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert peak
    return int(peak[1]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports a process' peak memory")
@pytest.mark.parametrize(
    ("name", "millions_of_pixels", "options"),
    [
        ("baseline.jpg", 100, {}),
        ("progressive.jpg", 71, {"interlace": True}),
        ("without-subsampling.jpg", 35, {"interlace": True, "subsample_mode": "off"}),
        ("plain.png", 100, {"compression": 1}),
        ("interlaced.png", 71, {"interlace": True, "compression": 1}),
    ],
)
async def test_a_thumbnail_of_a_huge_picture_needs_less_than_300_mebibytes(
    studio: Studio,
    sandbox: Sandbox,
    name: str,
    millions_of_pixels: int,
    options: dict[str, object],
) -> None:
    file = studio.inputs / name
    plain(millions_of_pixels).write_to_file(str(file), **options)
    await render_file(sandbox, file, studio.outputs, THUMBNAIL)
    (process,) = running_processes()
    assert peak_bytes(process.pid) < 300 * MEBIBYTE


@pytest.mark.parametrize(
    ("name", "millions_of_pixels", "options", "sentence"),
    [
        ("in.jpg", 100, {"interlace": True}, "10000x10000 and progressive, .* needs 286 MiB; the"),
        (
            "in.jpg",
            40,
            {"interlace": True, "subsample_mode": "off"},
            "needs 228 MiB; the limit is 204",
        ),
        ("in.png", 100, {"interlace": True, "compression": 1}, "10000x10000 and interlaced"),
    ],
)
async def test_a_progressive_picture_that_needs_too_much_memory_is_rejected_by_its_header(
    studio: Studio,
    sandbox: Sandbox,
    name: str,
    millions_of_pixels: int,
    options: dict[str, object],
    sentence: str,
) -> None:
    file = studio.inputs / name
    plain(millions_of_pixels).write_to_file(str(file), **options)
    with pytest.raises(TooLarge, match=sentence):
        await render_file(sandbox, file, studio.outputs, THUMBNAIL)


@pytest.mark.parametrize(("subsampling", "samples"), [("4:4:4", 3), ("4:2:2", 2), ("4:2:0", 1.5)])
def test_the_samples_of_a_pixel_are_counted(
    studio: Studio, subsampling: str, samples: float
) -> None:
    file = studio.save(
        gradient(40, 30), "in.jpg", subsampling=subsampling, icc_profile=b"x" * 200_000
    )
    assert read_samples_per_pixel(file.read_bytes()) == samples


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\x00\x00\xff\xd9",
        b"\xff\xd8\xff\xc2\x00\x02",
        b"\xff\xd8\xff\xc2\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x00\x00",
        b"\xff" * 100_000,
    ],
)
def test_a_jpeg_without_a_frame_is_invalid(data: bytes) -> None:
    with pytest.raises(InvalidImage, match="frame"):
        read_samples_per_pixel(data)
