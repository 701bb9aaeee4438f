"""Pictures that are damaged, too large, or none at all; through the engine itself."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from imagemill.imaging.errors import InvalidImage, ScratchFull, TooLarge, UnsupportedFormat
from imagemill.imaging.libvips import Image as VipsImage
from imagemill.imaging.libvips import VipsError
from imaging.studio import LIMITS, Studio, gradient, noise, open_picture

ALL = ["jpg", "png", "webp", "avif", "gif", "tiff"]
INPUTS = [*ALL, "heic", "jxl", "bmp", "ico"]
SIXTEENTHS = [*range(1, 16), 15.9]


def png_of(width: int, height: int) -> bytes:
    """Return a small PNG that says it is this large: one grey level, packed a hundredfold."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    size = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    row = bytes(1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    chunks = chunk(b"IHDR", size) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def write(studio: Studio, data: bytes) -> Path:
    file = studio.inputs / "in"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("extension", INPUTS)
@pytest.mark.parametrize("sixteenths", SIXTEENTHS)
@pytest.mark.parametrize("fit", ["inside", "cover"])
def test_a_truncated_picture_is_invalid(
    studio: Studio, extension: str, sixteenths: float, fit: str
) -> None:
    whole = studio.save(noise(160, 160), f"in.{extension}").read_bytes()
    file = write(studio, whole[: int(len(whole) * sixteenths / 16)])
    with pytest.raises(InvalidImage, match=r"^The picture cannot be decoded: .*\.$"):
        studio.render(file, {"width": 100, "height": 20, "fit": fit})


@pytest.mark.parametrize("sixteenths", SIXTEENTHS)
def test_a_truncated_progressive_jpeg_is_invalid(studio: Studio, sixteenths: float) -> None:
    whole = studio.save(noise(160, 160), "in.jpg", progressive=True).read_bytes()
    with pytest.raises(InvalidImage):
        studio.render(write(studio, whole[: int(len(whole) * sixteenths / 16)]), {"width": 20})


def test_a_jpeg_with_stray_bytes_between_its_parts_is_shown(studio: Studio) -> None:
    # libjpeg warns of "extraneous bytes before marker"; cameras write such files.
    whole = studio.save(gradient(60, 40), "in.jpg").read_bytes()
    tables = whole.index(b"\xff\xdb")
    made = studio.make(write(studio, whole[:tables] + bytes(4) + whole[tables:]))
    assert made.size == (60, 40)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"GIF8",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"%PDF-1.7",
        b"#VIPS",
        b"II*",
    ],
)
def test_an_unknown_signature_is_unsupported(studio: Studio, data: bytes) -> None:
    with pytest.raises(
        UnsupportedFormat, match="jpeg, png, webp, avif, gif, tiff, jxl, heic, bmp, ico"
    ):
        studio.render(write(studio, data), {})


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xe0" + b"not a picture" * 9,
        b"\x89PNG\r\n\x1a\n" + bytes(60),
        b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(60),
        b"GIF89a" + bytes(60),
        b"II*\x00\x08\x00\x00\x00" + bytes(60),
        b"\x00\x00\x00\x10ftypavif" + bytes(60),
        b"\x00\x00\x00\x10ftypheic" + bytes(60),
        b"\xff\x0a" + bytes(60),
        b"BM" + bytes(12) + b"\x28" + bytes(60),
        b"\0\0\1\0\1" + bytes(60),
        b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(60),
    ],
)
def test_a_known_signature_is_not_enough(studio: Studio, data: bytes) -> None:
    with pytest.raises(InvalidImage):
        studio.render(write(studio, data), {})


def test_a_decompression_bomb_is_rejected_by_its_header(studio: Studio) -> None:
    bomb = png_of(30_000, 30_000)
    assert len(bomb) < 300_000
    with pytest.raises(
        TooLarge, match="30000x30000, which is 900000000 pixels; the limit is 100000000"
    ):
        studio.render(write(studio, bomb), {"width": 100})


def test_a_wrong_size_in_the_header_is_invalid(studio: Studio) -> None:
    whole = bytearray(studio.save(gradient(16, 16), "in.jpg").read_bytes())
    frame = whole.index(b"\xff\xc0")
    whole[frame + 5 : frame + 9] = struct.pack(">HH", 10_000, 10_000)
    with pytest.raises(InvalidImage):
        studio.render(write(studio, bytes(whole)), {"width": 100})


def test_a_picture_of_exactly_max_pixels_is_accepted(studio: Studio) -> None:
    file = studio.save(gradient(50, 20), "in.png")
    assert studio.render(file, {}, limits=replace(LIMITS, max_pixels=1000)).input.width == 50
    with pytest.raises(TooLarge, match="50x20, which is 1000 pixels; the limit is 999"):
        studio.render(file, {}, limits=replace(LIMITS, max_pixels=999))


def test_frames_count_and_multiply_pixels(studio: Studio) -> None:
    frames = [gradient(20, 10), gradient(20, 10).rotate(180), gradient(20, 10).rotate(90)]
    file = studio.save(frames[0], "in.webp", save_all=True, append_images=frames[1:])
    assert studio.render(file, {}, limits=replace(LIMITS, max_pixels=600)).input.frames == 3
    with pytest.raises(
        TooLarge, match="20x10 with 3 frames, which is 600 pixels; the limit is 599"
    ):
        studio.render(file, {}, limits=replace(LIMITS, max_pixels=599))
    with pytest.raises(TooLarge, match="3 frames; the limit is 2"):
        studio.render(file, {}, limits=replace(LIMITS, max_frames=2))


def test_a_side_longer_than_the_limit_is_rejected(studio: Studio) -> None:
    with pytest.raises(TooLarge, match="70000x1; the limit is 65535 pixels a side"):
        studio.render(write(studio, png_of(70_000, 1)), {"width": 10})


def test_an_output_of_too_many_pixels_is_rejected(studio: Studio) -> None:
    file = studio.save(gradient(20, 20), "in.png")
    with pytest.raises(TooLarge, match="Output big would be 11000x11000, which is 121000000"):
        studio.render(file, {"name": "big", "width": 11_000, "enlarge": True})


def test_webp_has_a_smaller_longest_side(studio: Studio) -> None:
    file = studio.save(Image.new("RGB", (16_384, 2)), "in.png")
    with pytest.raises(TooLarge, match="16384x2; the limit of webp is 16383 pixels a side"):
        studio.render(file, {"format": "webp"})
    assert open_picture(studio.file(studio.render(file, {"format": "jpeg"}).outputs[0])).size == (
        16_384,
        2,
    )


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("extension", ALL)
def test_a_full_disk_is_no_fault_of_the_picture(studio: Studio, extension: str) -> None:
    file = studio.save(noise(1200, 900), "in.png")
    with pytest.raises(ScratchFull, match="no space left"):
        studio.render(file, {"format": extension.replace("jpg", "jpeg")})


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_no_fault_of_a_picture_that_was_encoded_in_memory(studio: Studio) -> None:
    file = studio.save(noise(500, 400), "in.png")
    with pytest.raises(ScratchFull, match="no space left"):
        studio.render(file, {})


@pytest.mark.usefixtures("full_disk")
def test_a_small_output_needs_no_disk(studio: Studio) -> None:
    rendered = studio.render(studio.save(noise(40, 40), "in.png"), {})
    assert open_picture(studio.file(rendered.outputs[0])).size == (40, 40)


@pytest.mark.parametrize("extension", ["bmp", "jp2", "ppm"])
def test_other_loaders_are_blocked(studio: Studio, extension: str) -> None:
    file = studio.save(gradient(8, 8), f"in.{extension}")
    with pytest.raises(VipsError):
        VipsImage.new_from_file(str(file))


def test_no_message_has_a_path_of_this_machine(studio: Studio) -> None:
    whole = studio.save(noise(60, 60), "in.png").read_bytes()
    with pytest.raises(InvalidImage) as caught:
        studio.render(write(studio, whole[:2000]), {})
    assert str(studio.outputs) not in str(caught.value)


def test_a_warning_about_one_picture_is_not_reported_for_the_next(studio: Studio) -> None:
    whole = studio.save(gradient(60, 40), "in.jpg").read_bytes()
    tables = whole.index(b"\xff\xdb")
    studio.render(write(studio, whole[:tables] + bytes(4) + whole[tables:]), {})
    with pytest.raises(InvalidImage) as caught:
        studio.render(write(studio, b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(60)), {})
    assert "JPEG" not in str(caught.value.__cause__)
