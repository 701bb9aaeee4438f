"""Hostile pictures: each ends in one of its error codes, and one beside it is completed."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from fuzz.mutations import valid_pictures
from imagemill.imaging.errors import ImagingError
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Pipeline
from imaging.image_processes import render_file
from imaging.studio import LIMITS, gradient, noise
from support.pictures import picture, png_bomb

pytestmark = pytest.mark.asyncio(loop_scope="module")

START_OF_JPEG = b"\xff\xd8\xff"
REJECTED = {"invalid_image", "unsupported_format", "too_large"}
THUMBNAIL = Pipeline.model_validate({"outputs": [{"width": 20, "format": "webp"}]})


def gif_of_frames(count: int) -> bytes:
    file = BytesIO()
    first, second = Image.new("P", (8, 8), 0), Image.new("P", (8, 8), 1)
    first.save(file, "GIF", save_all=True, append_images=[second], duration=20)
    whole = file.getvalue()
    start = whole.index(b"\x21\xf9")
    return whole[:start] + whole[start:-1] * (count // 2) + b";"


def gif_with_a_huge_screen() -> bytes:
    whole = bytearray(gif_of_frames(2))
    whole[6:10] = struct.pack("<HH", 65535, 65535)
    return bytes(whole)


def jpeg_that_says_it_is_huge() -> bytes:
    whole = bytearray(picture())
    at = whole.index(b"\xff\xc0")
    whole[at + 5 : at + 9] = struct.pack(">HH", 65500, 65500)
    return bytes(whole)


def jpeg_of_many_scans() -> bytes:
    """Repeat the last scan of a progressive JPEG: each is decoded over the whole picture."""
    file = BytesIO()
    noise(1500, 1500).save(file, "JPEG", progressive=True, quality=30)
    whole = file.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * 60 + b"\xff\xd9"


def jpeg_with_many_segments() -> bytes:
    whole = picture()
    return whole[:2] + b"\xff\xe7\x00\x04ab" * 20_000 + whole[2:]


def png_with_many_chunks() -> bytes:
    whole = picture(format_="PNG")
    body = b"teXtx\0y"
    chunk = struct.pack(">I", 3) + body + struct.pack(">I", zlib.crc32(body))
    return whole[:33] + chunk * 50_000 + whole[33:]


def png_with_a_huge_profile() -> bytes:
    file = BytesIO()
    gradient(32, 24).save(file, "PNG", icc_profile=bytes(20_000_000))
    return file.getvalue()


def tiff_that_goes_in_circles() -> bytes:
    file = BytesIO()
    gradient(32, 24).save(file, "TIFF")
    whole = bytearray(file.getvalue())
    first = struct.unpack_from("<I", whole, 4)[0]
    entries = struct.unpack_from("<H", whole, first)[0]
    struct.pack_into("<I", whole, first + 2 + 12 * entries, first)
    return bytes(whole)


# The error codes that each may end in; None: it may be rendered.
CORPUS: dict[str, tuple[Callable[[], bytes], set[str | None]]] = {
    "a bomb": (png_bomb, {"too_large"}),
    "ten thousand frames": (lambda: gif_of_frames(10_000), {"too_large"}),
    "a huge screen": (gif_with_a_huge_screen, {"too_large", None}),
    "a huge header": (jpeg_that_says_it_is_huge, {"too_large"}),
    "many scans": (jpeg_of_many_scans, {"invalid_image", "timed_out", None}),
    "many segments": (jpeg_with_many_segments, {"invalid_image", None}),
    "many chunks": (png_with_many_chunks, {"invalid_image", None}),
    "a huge profile": (png_with_a_huge_profile, {"invalid_image", None}),
    "a circle": (tiff_that_goes_in_circles, {"invalid_image", None}),
    "something appended": (lambda: picture() + b"PK\x03\x04" * 1000, {None}),
    "an SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", {"unsupported_format"}),
    "a PDF": (lambda: b"%PDF-1.7\n" + bytes(100), {"unsupported_format"}),
    "a PPM": (lambda: b"P6 1 1 255\nabc", {"unsupported_format"}),
    "a VIPS": (lambda: b"\xb6\xa6\xf2\x08" + bytes(100), {"unsupported_format"}),
    "an MVG": (lambda: b"image over 0,0 0,0 '/etc/passwd'", {"unsupported_format"}),
    "nothing": (lambda: b"", {"unsupported_format"}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    limits = replace(LIMITS, timeout=timedelta(seconds=20))
    async with Sandbox.open(2, limits) as sandbox:
        yield sandbox


async def code_of(sandbox: Sandbox, file: Path, folder: Path) -> str | None:
    """Render the picture, and return its error code, None if it was completed."""
    folder.mkdir(exist_ok=True)
    try:
        await render_file(sandbox, file, folder, THUMBNAIL)
    except ImagingError as error:
        return str(error.code)
    return None


@pytest.mark.parametrize("name", CORPUS)
async def test_a_hostile_picture_ends_in_its_code_beside_a_valid_one(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    make, ends = CORPUS[name]
    hostile, valid = tmp_path / "hostile", tmp_path / "valid"
    hostile.write_bytes(make())
    valid.write_bytes(picture())
    async with asyncio.timeout(60):
        end, beside = await asyncio.gather(
            code_of(sandbox, hostile, tmp_path / "a"), code_of(sandbox, valid, tmp_path / "b")
        )
        assert end in ends
        assert beside is None
        assert await code_of(sandbox, valid, tmp_path / "c") is None


async def test_a_picture_that_is_truncated_anywhere_is_rejected(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    for number, whole in enumerate(valid_pictures()):
        for sixteenth in range(16):
            file = tmp_path / f"{number}-{sixteenth}"
            cut = whole[: len(whole) * sixteenth // 16]
            file.write_bytes(cut)
            if cut.count(START_OF_JPEG) > 1:  # only the map behind an HDR photo is cut
                continue
            assert await code_of(sandbox, file, tmp_path / "out") in REJECTED, file.name
