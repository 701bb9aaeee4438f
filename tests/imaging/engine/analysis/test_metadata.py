"""The analysis `metadata`, with untrusted values bounded."""

import json
from pathlib import Path

import pytest
from PIL import Image, TiffImagePlugin
from PIL.ExifTags import GPS, IFD, Base

from imagemill.imaging.engine.analysis.exif import parse_exif_fields
from imagemill.imaging.engine.analysis.icc import read_profile_name
from imagemill.imaging.engine.decode_plan import plan_decode
from imagemill.imaging.engine.header import open_image
from imagemill.imaging.libvips import Image as VipsImage
from imagemill.imaging.spec.pipeline import Pipeline
from imaging.studio import LIMITS, Studio, gradient, srgb_profile


def analyze_metadata(studio: Studio, file: Path) -> dict[str, object]:
    return dict(studio.analyze(file, "metadata", width=10)["metadata"])


def with_fields(picture: Image.Image) -> Image.Exif:
    fields = picture.getexif()
    fields[Base.Make] = "Camera (works), Inc."
    fields[Base.Orientation] = 6
    shot = fields.get_ifd(IFD.Exif)
    shot[Base.ExposureTime] = TiffImagePlugin.IFDRational(1, 50)
    shot[Base.ISOSpeedRatings] = 100
    shot[Base.DateTimeOriginal] = "2026:11:23 12:00:00"
    shot[Base.MakerNote] = b"\x00\x01" * 1000
    position = fields.get_ifd(IFD.GPSInfo)
    position[GPS.GPSLatitudeRef] = "N"
    position[GPS.GPSLatitude] = (52.0, 31.0, 12.5)
    return fields


def test_a_photo_has_all_metadata(studio: Studio) -> None:
    picture = gradient(60, 40)
    file = studio.save(
        picture, "in.jpg", exif=with_fields(picture), dpi=(300, 300), icc_profile=srgb_profile()
    )
    metadata = analyze_metadata(studio, file)
    fields = metadata.pop("exif")
    assert metadata == {
        "format": "jpeg", "width": 40, "height": 60, "frames": 1, "space": "srgb", "bits": 8,
        "has_alpha": False, "orientation": 6, "icc": "sRGB built-in", "density": 300,
    }  # fmt: skip
    assert isinstance(fields, dict)
    assert (
        fields.items()
        >= {
            "Make": "Camera (works), Inc.",
            "Orientation": 6,
            "ExposureTime": 0.02,
            "ISOSpeedRatings": 100,
            "DateTimeOriginal": "2026:11:23 12:00:00",
            "GPSLatitudeRef": "N",
        }.items()
    )
    assert fields["GPSLatitude"] == [52, 31, 12.5]
    assert "MakerNote" not in fields


@pytest.mark.parametrize(
    ("mode", "name", "space", "bits", "has_alpha"),
    [
        ("RGBA", "in.png", "srgb", 8, True),
        ("LA", "in.png", "b-w", 8, True),
        ("1", "in.png", "b-w", 1, False),
        ("I;16", "in.png", "grey16", 16, False),
        ("CMYK", "in.jpg", "cmyk", 8, False),
        ("RGB", "in.webp", "srgb", 8, False),
    ],
)
def test_colors_are_those_of_the_file(
    studio: Studio, mode: str, name: str, space: str, bits: int, *, has_alpha: bool
) -> None:
    metadata = analyze_metadata(studio, studio.save(Image.new(mode, (30, 20)), name))
    assert (metadata["space"], metadata["bits"]) == (space, bits)
    assert (metadata["has_alpha"], metadata["orientation"]) == (has_alpha, 1)
    assert (metadata["icc"], metadata["exif"]) == (None, {})


def test_frames_of_an_animation_are_counted(studio: Studio) -> None:
    frames = [Image.new("RGB", (30, 20), (level, 0, 0)) for level in (0, 100, 200)]
    file = studio.save(frames[0], "in.webp", save_all=True, append_images=frames[1:])
    assert analyze_metadata(studio, file)["frames"] == 3


def test_hostile_fields_are_truncated_and_made_printable(studio: Studio) -> None:
    picture = gradient(60, 40)
    fields = picture.getexif()
    fields[Base.Model] = "M" * 50_000
    fields[Base.Make] = "Caf\xe9 \x01\x1b[31m\u202e".encode("latin-1", "ignore")
    fields[Base.Artist] = b"a\xed\xa0\x80b"  # a lone surrogate
    fields[Base.Copyright] = "\x00\x00"
    found = analyze_metadata(studio, studio.save(picture, "in.jpg", exif=fields))["exif"]
    assert isinstance(found, dict)
    assert found["Model"] == "M" * 200
    assert all(str(text).isprintable() for text in found.values())
    assert found["Make"].endswith("[31m")
    assert "Copyright" not in found
    json.dumps(found).encode().decode()


def test_the_number_of_fields_is_bounded() -> None:
    many = [(f"exif-ifd0-Field{n}", "1 (1, Short, 1 components, 2 bytes)") for n in range(500)]
    assert len(parse_exif_fields(many)) == 100


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("exif-ifd0-A", "7 (Unknown (7), Short, 1 components, 2 bytes)", {"A": 7}),
        ("exif-ifd0-A", "-1/2 (-0.5, SRational, 1 components, 8 bytes)", {"A": -0.5}),
        ("exif-ifd0-A", "1/0 (inf, Rational, 1 components, 8 bytes)", {}),
        ("exif-ifd0-A", "Sea level (Sea level, Byte, 1 components, 1 bytes)", {}),
        ("exif-ifd0-A", "1 " * 17 + "(x, Short, 17 components, 34 bytes)", {}),
        ("exif-ifd0-A", "a, b (c (a, b (c, ASCII, 8 components, 8 bytes)", {"A": "a, b (c"}),
        ("exif-ifd0-A", "  (  , ASCII, 3 components, 3 bytes)", {}),
        ("exif-ifd0-A", "1e9 (x, Short, 1 components, 2 bytes)", {}),
        ("exif-ifd0-A", "garbage", {}),
        ("exif-ifd0-../A", "x (x, ASCII, 2 components, 2 bytes)", {}),
        ("exif-ifd1-Make", "x (x, ASCII, 2 components, 2 bytes)", {}),
        ("exif-data", "x (x, ASCII, 2 components, 2 bytes)", {}),
    ],
)
def test_values_are_read_by_their_type(name: str, text: str, values: dict[str, object]) -> None:
    assert parse_exif_fields([(name, text)]) == values


@pytest.mark.parametrize(("profile", "name"), [("srgb", "sRGB"), ("cmyk", "Chemical proof")])
def test_profiles_of_both_versions_have_their_names(profile: str, name: str) -> None:
    assert read_profile_name(bytes(VipsImage.profile_load(profile))) == name


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"\xff" * 500,
        bytes(128) + b"\x00\x00\x00\x01desc\xff\xff\xff\xff\xff\xff\xff\xff",
        bytes(128) + b"\x00\x00\x00\x01desc\x00\x00\x00\x00\x00\x00\x00\x20",
    ],
)
def test_a_broken_profile_has_no_name(profile: bytes) -> None:
    assert read_profile_name(profile) == "unnamed"


def test_metadata_alone_needs_no_pixel_in_memory(studio: Studio) -> None:
    header = open_image(studio.save(gradient(1200, 800), "in.jpg").read_bytes())[0]
    asked = Pipeline.model_validate({"outputs": [{"width": 10}], "analyze": ["metadata"]})
    assert not plan_decode(header, asked, LIMITS).hold_in_memory
