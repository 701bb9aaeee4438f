"""Many outputs of one input, and what is promised of each file."""

import hashlib

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from imagemill.imaging.engine.decode_plan import plan_decode
from imagemill.imaging.engine.header import open_image
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.studio import LIMITS, Studio, gradient, noise, open_picture

THREE: tuple[dict[str, object], ...] = (
    {"name": "large", "width": 400, "format": "webp"},
    {"name": "small", "width": 100, "height": 100, "fit": "cover", "format": "png"},
    {"name": "same"},
)


@pytest.mark.parametrize(
    ("format_", "media_type", "extension"),
    [
        ("jpeg", "image/jpeg", ".jpg"),
        ("png", "image/png", ".png"),
        ("webp", "image/webp", ".webp"),
        ("avif", "image/avif", ".avif"),
        ("gif", "image/gif", ".gif"),
        ("tiff", "image/tiff", ".tiff"),
    ],
)
def test_facts_of_an_output_are_those_of_its_file(
    studio: Studio, format_: str, media_type: str, extension: str
) -> None:
    file = studio.save(gradient(300, 200), "in.png")
    output = studio.render(file, {"name": "a", "width": 150, "format": format_}).outputs[0]
    data = studio.file(output).read_bytes()
    assert studio.file(output) == studio.outputs / f"a{extension}"
    assert (output.name, output.media_type, output.frames) == ("a", media_type, 1)
    assert (output.width, output.height) == open_picture(studio.file(output)).size == (150, 100)
    assert (output.bytes, output.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_outputs_come_in_the_order_of_the_pipeline(studio: Studio) -> None:
    rendered = studio.render(studio.save(gradient(600, 400), "in.jpg"), *THREE)
    made = [(output.name, output.width, output.height) for output in rendered.outputs]
    assert made == [("large", 400, 267), ("small", 100, 100), ("same", 600, 400)]
    assert (rendered.input.width, rendered.input.height, rendered.input.frames) == (600, 400, 1)


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "avif", "gif", "tiff"])
def test_without_a_format_the_input_decides(studio: Studio, extension: str) -> None:
    file = studio.save(gradient(30, 20), f"in.{extension}")
    assert studio.file(studio.render(file, {}).outputs[0]).suffix == f".{extension}"


def test_several_outputs_come_from_one_decode(
    studio: Studio, jpegs_opened: list[dict[str, object]]
) -> None:
    file = studio.save(gradient(900, 600), "in.jpg")
    studio.render(file, THREE[0], THREE[1])
    assert len(jpegs_opened) == 1  # for the header and the picture


def test_a_small_output_of_a_large_picture_needs_little_of_it(studio: Studio) -> None:
    picture = open_image(studio.save(gradient(1200, 800), "in.jpg").read_bytes())[0]
    small = plan_decode(picture, Pipeline.of(Output(width=100)), LIMITS)
    assert small.max_shrink == pytest.approx(12, rel=0.01)
    assert not small.hold_in_memory


@pytest.mark.parametrize("format_", ["jpeg", "webp", "avif"])
def test_quality_decides_how_large_the_file_is(studio: Studio, format_: str) -> None:
    high, low = studio.render(
        studio.save(noise(200, 200), "in.png"),
        {"name": "high", "format": format_, "quality": 90},
        {"name": "low", "format": format_, "quality": 30},
    ).outputs
    assert low.bytes < high.bytes * 0.7


def with_position(picture: Image.Image) -> Image.Exif:
    exif = picture.getexif()
    exif[Base.Artist] = "Somebody"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] = "N"
    return exif


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
@pytest.mark.parametrize("format_", ["jpeg", "png", "webp"])
def test_no_metadata_goes_from_input_to_output(
    studio: Studio, extension: str, format_: str
) -> None:
    picture = gradient(60, 40)
    file = studio.save(picture, f"in.{extension}", exif=with_position(picture), xmp=b"<x:xmpmeta/>")
    assert open_picture(file).getexif().get_ifd(IFD.GPSInfo)
    made = studio.make(file, format=format_)
    assert not made.getexif()
    assert not {"exif", "xmp", "icc_profile", "photoshop", "comment"} & made.info.keys()


@pytest.mark.parametrize("format_", ["jpeg", "png", "webp"])
def test_a_position_is_gone_even_when_the_orientation_is_kept(studio: Studio, format_: str) -> None:
    picture = gradient(60, 40)
    exif = with_position(picture)
    exif[Base.Orientation] = 6
    made = studio.make(studio.save(picture, "in.jpg", exif=exif), auto_orient=False, format=format_)
    assert made.getexif()[Base.Orientation] == 6
    assert Base.Artist not in made.getexif()
    assert not made.getexif().get_ifd(IFD.GPSInfo)
