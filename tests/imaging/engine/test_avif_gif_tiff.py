"""AVIF, GIF and TIFF in and out; the reference is Pillow, which reads and writes all three."""

import struct
from dataclasses import replace

import pytest
from PIL import Image
from PIL.ExifTags import Base

from imagemill.imaging.engine.encoders import avif
from imagemill.imaging.engine.libvips_errors import translate_encode_errors
from imagemill.imaging.errors import OutOfMemory, TooLarge
from imagemill.imaging.libvips import VipsError
from imaging.studio import (
    LIMITS,
    Studio,
    delta_e,
    difference,
    gradient,
    noise,
    open_picture,
    pixels,
)

FORMATS = ["avif", "gif", "tiff"]

# Mean CIE76 difference of a smooth picture. AVIF at quality 50 is a little below what an eye sees;
# 256 dithered colours are a few steps apart; TIFF loses nothing.
FAR = {"avif": 1.5, "gif": 4.0, "tiff": 0.0}


@pytest.mark.parametrize("format_", FORMATS)
def test_a_picture_is_written_as_it_is(studio: Studio, format_: str) -> None:
    picture = gradient(300, 200)
    made = studio.make(studio.save(picture, "in.png"), format=format_)
    assert (made.format, made.size) == (format_.upper(), picture.size)
    assert delta_e(made, picture) <= FAR[format_]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_picture_is_read_as_pillow_reads_it(studio: Studio, format_: str, mode: str) -> None:
    # Decoders spread colours that are stored for every other pixel in different ways.
    options = {"subsampling": "4:4:4"} if format_ == "avif" else {}
    file = studio.save(gradient(90, 60).convert(mode), f"in.{format_}", **options)
    # Two decoders of AVIF may round a level apart.
    assert difference(studio.make(file, format="png"), open_picture(file)) < 1


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiffs_are_packed_in_many_ways(studio: Studio, compression: str) -> None:
    picture = gradient(90, 60)
    file = studio.save(picture, "in.tiff", compression=compression)
    assert difference(studio.make(file, format="png"), picture) == 0


def test_a_tiff_in_cmyk_is_converted(studio: Studio) -> None:
    inks = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
    red = pixels(studio.make(studio.save(inks, "in.tiff"), format="png"))[10, 10]
    assert red[0] > 180
    assert red[1:].max() < 90


def test_a_pixel_of_a_gif_is_transparent_or_opaque(studio: Studio) -> None:
    picture = Image.new("RGBA", (32, 32), (255, 0, 0, 255))
    picture.paste((0, 0, 255, 0), (0, 0, 16, 32))
    made = studio.make(studio.save(picture, "in.png"), format="gif")
    back = studio.make(studio.save(made.convert("RGBA"), "back.gif"), name="b", format="png")
    for shown in (made, back):
        assert pixels(shown, "RGBA")[16, 8, 3] == 0
        assert tuple(pixels(shown, "RGBA")[16, 24]) == (255, 0, 0, 255)


def test_the_first_frame_of_a_gif_is_taken(studio: Studio) -> None:
    frames = [Image.new("RGB", (20, 10), color) for color in ("red", "lime", "blue")]
    file = studio.save(frames[0], "in.gif", save_all=True, append_images=frames[1:])
    rendered = studio.render(file, {"format": "png"})
    assert rendered.input.frames == 3
    assert difference(open_picture(studio.file(rendered.outputs[0])), frames[0]) == 0


def test_the_first_page_of_a_tiff_is_taken_and_no_page_is_a_frame(studio: Studio) -> None:
    pages = [Image.new("RGB", (20, 10), color) for color in ("red", "lime", "blue")]
    file = studio.save(pages[0], "in.tiff", save_all=True, append_images=pages[1:])
    rendered = studio.render(file, {}, limits=replace(LIMITS, max_pixels=200, max_frames=1))
    assert rendered.input.frames == 1
    assert difference(open_picture(studio.file(rendered.outputs[0])), pages[0]) == 0


@pytest.mark.parametrize("format_", FORMATS)
def test_pixels_are_counted_before_any_is_decoded(studio: Studio, format_: str) -> None:
    file = studio.save(noise(50, 20), f"in.{format_}")
    middle = len(file.read_bytes()) // 2
    whole = bytearray(file.read_bytes())
    whole[middle : middle + 50] = bytes(50)  # would not decode
    file.write_bytes(whole)
    with pytest.raises(TooLarge, match="50x20, which is 1000 pixels; the limit is 999"):
        studio.render(file, {}, limits=replace(LIMITS, max_pixels=999))


def test_a_gif_with_a_huge_size_in_its_header_is_rejected(studio: Studio) -> None:
    whole = bytearray(studio.save(gradient(8, 8), "in.gif").read_bytes())
    frame = whole.index(b",\0\0\0\0\x08\0\x08\0")
    whole[6:10] = whole[frame + 5 : frame + 9] = struct.pack("<HH", 60_000, 60_000)
    file = studio.inputs / "huge.gif"
    file.write_bytes(whole)
    with pytest.raises(TooLarge, match="60000x60000"):
        studio.render(file, {"width": 10})


def test_an_orientation_that_is_kept_turns_an_avif_for_its_reader(studio: Studio) -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    file = studio.save(gradient(60, 40), "in.jpg", exif=exif)
    output = studio.render(file, {"auto_orient": False, "format": "avif"}).outputs[0]
    assert (output.width, output.height) == open_picture(studio.file(output)).size == (60, 40)
    assert open_picture(studio.file(output)).getexif()[Base.Orientation] == 6


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("auto_orient", [True, False])
def test_nothing_written_into_the_input_is_in_the_output(
    studio: Studio, extension: str, format_: str, *, auto_orient: bool
) -> None:
    exif = Image.Exif()
    exif[Base.Artist] = exif[Base.ImageDescription] = "Somebody"
    exif[Base.Orientation] = 3
    options = {"comment": "Somebody"} if extension == "gif" else {"exif": exif}
    file = studio.save(noise(40, 30), f"in.{extension}", xmp=b"<x>Somebody</x>", **options)
    assert b"Somebody" in file.read_bytes()
    rendered = studio.render(file, {"format": format_, "auto_orient": auto_orient})
    assert b"Somebody" not in studio.file(rendered.outputs[0]).read_bytes()


def test_an_avif_encoder_that_fails_had_too_little_memory() -> None:
    said = (
        "heif: Encoder plugin generated an error: Encoding problem: Failed to allocate lag buffers"
    )
    with pytest.raises(OutOfMemory), translate_encode_errors():
        raise VipsError(f"unable to call heifsave_target\n  {said} (8.5002)")


def test_a_large_avif_is_made_with_less_effort(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = studio.save(noise(50, 40), "in.png")
    with_efforts = {}
    for most in (2001, 2000):
        monkeypatch.setattr(avif, "LARGE_PIXELS", most)
        output = studio.render(file, {"format": "avif"}).outputs[0]
        with_efforts[most] = output.sha256
    assert with_efforts[2000] != with_efforts[2001]
