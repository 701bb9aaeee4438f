"""The density of a picture: none is made up, and `all` keeps the one that the input had."""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from imagemill.imaging.formats import JPEG, PNG, TIFF, Format
from imagemill.imaging.metadata import png_head
from imagemill.imaging.metadata.density import read_density
from imaging.studio import Studio, difference, gradient, noise, open_picture, pixels

UNKNOWN_IN_EXIF = {Base.XResolution: 72, Base.YResolution: 72, Base.ResolutionUnit: 2}


def stated(data: bytes) -> object:
    """Return what a file says of its density, outside of EXIF; None when it says nothing."""
    if data.startswith(b"\x89PNG"):
        at = data.find(b"pHYs")
        return None if at < 0 else struct.unpack(">IIB", data[at + 4 : at + 13])
    if data.startswith(b"\xff\xd8"):
        at = data.find(b"JFIF\0")
        return None if at < 0 else struct.unpack(">BHH", data[at + 7 : at + 12])
    with Image.open(BytesIO(data)) as picture:
        tags = picture.tag_v2 if picture.format == "TIFF" else {}  # type: ignore[attr-defined]
        return tuple(tags[number] for number in (296, 282, 283)) if tags else None


def render(studio: Studio, file: Path, **output: object) -> bytes:
    return studio.file(studio.render(file, output).outputs[0]).read_bytes()


SAYS_NOTHING = {"png": None, "jpeg": None, "tiff": (1, 1, 1), "webp": None, "avif": None}


@pytest.mark.parametrize("keep", ["none", "icc", "all"])
@pytest.mark.parametrize("format_", SAYS_NOTHING)
@pytest.mark.parametrize("read", ["in.webp", "in.png", "in.gif", "in.jpg"])
def test_no_density_is_made_up(studio: Studio, read: str, format_: str, keep: str) -> None:
    made = render(studio, studio.save(gradient(8, 8), read), format=format_, keep_metadata=keep)
    assert stated(made) == SAYS_NOTHING[format_]
    assert difference(Image.open(BytesIO(made)), open_picture(studio.inputs / read)) < 25


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ("png", (11811, 11811, 1)),
        ("jpeg", (1, 300, 300)),
        ("tiff", (2, pytest.approx(300, abs=0.01), pytest.approx(300, abs=0.01))),
    ],
)
@pytest.mark.parametrize(
    "step",
    [{}, {"width": 30}, {"rotate": 90}, {"crop": {"left": 0, "top": 0, "width": 9, "height": 9}}],
)
def test_all_keeps_the_one_that_the_input_had(
    studio: Studio, format_: str, expected: object, step: dict[str, object]
) -> None:
    file = studio.save(gradient(60, 40), "in.png", dpi=(300, 300))
    made = render(studio, file, format=format_, keep_metadata="all", **step)
    assert stated(made) == expected
    assert stated(render(studio, file, format=format_, **step)) == SAYS_NOTHING[format_]


@pytest.mark.parametrize("format_", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("keep", ["copyright", "all"])
def test_exif_says_that_it_is_not_known(studio: Studio, format_: str, keep: str) -> None:
    exif = Image.Exif()
    exif[Base.Artist] = "Jane"
    file = studio.save(gradient(60, 40), "in.png", exif=exif)
    written = Image.open(BytesIO(render(studio, file, format=format_, keep_metadata=keep)))
    found = written.getexif()
    assert found[Base.Artist] == "Jane"
    assert {tag: found[tag] for tag in UNKNOWN_IN_EXIF} == UNKNOWN_IN_EXIF


@pytest.mark.parametrize("format_", ["jpeg", "png", "webp", "avif"])
def test_exif_keeps_its_own(studio: Studio, format_: str) -> None:
    exif = Image.Exif()
    exif[Base.XResolution] = exif[Base.YResolution] = 300.0
    exif[Base.ResolutionUnit] = 2
    file = studio.save(gradient(60, 40), "in.webp", exif=exif)
    written = Image.open(BytesIO(render(studio, file, format=format_, keep_metadata="all")))
    assert written.getexif()[Base.XResolution] == 300


@pytest.mark.parametrize("format_", ["png", "tiff", "jpeg"])
def test_a_large_file_is_corrected_in_place(studio: Studio, format_: str) -> None:
    picture = noise(1300, 900)  # more than is encoded in memory, and than one block
    file = studio.save(picture, "in.png", compress_level=1, dpi=(300, 300))
    made = render(studio, file, format=format_)
    assert stated(made) == SAYS_NOTHING[format_]
    assert difference(Image.open(BytesIO(made)), picture) <= (0 if format_ != "jpeg" else 50)
    kept = render(studio, file, name="kept", format=format_, keep_metadata="all")
    assert stated(kept) is not None
    assert difference(Image.open(BytesIO(kept)), Image.open(BytesIO(made))) == 0


def test_a_limit_of_bytes_changes_nothing_in_that(studio: Studio) -> None:
    file = studio.save(gradient(60, 40), "in.png")
    assert stated(render(studio, file, format="jpeg", max_bytes=900)) is None


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
def test_the_rest_of_a_png_follows_its_head(size: int) -> None:
    plain = BytesIO()
    picture = noise(1100, 700)
    picture.save(plain, "PNG", compress_level=0)
    chunk = (b"teSt", bytes(size))
    original = plain.getvalue()
    png_head.edit_head(plain, lambda chunks: [*chunks, chunk])
    assert len(plain.getvalue()) == len(original) + 12 + size
    assert np.array_equal(pixels(Image.open(BytesIO(plain.getvalue()))), pixels(picture))
    png_head.edit_head(plain, lambda chunks: [one for one in chunks if one != chunk])
    assert plain.getvalue() == original


@pytest.mark.parametrize("per_inch", [10, 25.4, 72, 300, 4800])
@pytest.mark.parametrize("name", ["in.png", "in.jpg", "in.tiff"])
def test_a_stated_density_is_read(studio: Studio, name: str, per_inch: float) -> None:
    file = studio.save(gradient(8, 8), name, dpi=(per_inch, per_inch))
    density = studio.analyze(file, "metadata")["metadata"]["density"]
    assert density == round(per_inch)


@pytest.mark.parametrize(
    ("exif", "density"),
    [
        ({Base.XResolution: 200.0, Base.ResolutionUnit: 2}, 200),
        ({Base.XResolution: 100.0, Base.YResolution: 100.0, Base.ResolutionUnit: 3}, 254),
        ({Base.XResolution: 200.0, Base.YResolution: 200.0}, 200),  # inches by default
        ({Base.XResolution: 200.0, Base.ResolutionUnit: 1}, None),
        ({Base.XResolution: 0.0, Base.ResolutionUnit: 2}, None),
        ({Base.XResolution: 1e8, Base.ResolutionUnit: 2}, None),
        ({Base.Artist: "Jane"}, None),
    ],
)
@pytest.mark.parametrize("name", ["in.png", "in.webp", "in.avif", "in.heic"])
def test_so_is_that_of_exif(
    studio: Studio, name: str, exif: dict[int, object], density: int | None
) -> None:
    block = Image.Exif()
    for tag, value in exif.items():
        block[tag] = value
    file = studio.save(gradient(64, 64), name, exif=block.tobytes())
    assert studio.analyze(file, "metadata")["metadata"]["density"] == density


@pytest.mark.parametrize("name", ["in.png", "in.webp", "in.jpg", "in.gif", "in.avif"])
def test_a_file_that_states_none_has_none(studio: Studio, name: str) -> None:
    file = studio.save(gradient(8, 8), name)
    assert studio.analyze(file, "metadata")["metadata"]["density"] is None


@pytest.mark.parametrize(
    ("data", "format_"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\x09pHYs\0\0", PNG),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x09pHYs\0\0\0\x09\0\0\0\x09\0", PNG),
        (b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffabcd", PNG),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\1\0", JPEG),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1", JPEG),
        (b"II*\0\x08\0\0\0\xff\xff", TIFF),
    ],
)
def test_what_cannot_be_read_states_none(data: bytes, format_: Format) -> None:
    assert read_density(data, format_, b"") is None
