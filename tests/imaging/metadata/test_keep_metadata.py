"""What `keep_metadata` lets through, from each format into each, read by Pillow."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from PIL.ExifTags import Base

from imagemill.imaging.formats import FORMATS
from imaging.metadata_samples import (
    ARTIST,
    COPYRIGHT,
    FORMATS_WITH_METADATA,
    IPTC,
    LATITUDE,
    PRIVATE,
    XMP,
    FileMetadata,
    as_text,
    dataset,
    iptc_segment,
    read_metadata,
    save_with_metadata,
)
from imaging.spaces import P3
from imaging.studio import Studio, difference, noise, open_picture

CHOICES = ["none", "icc", "copyright", "all"]
OUTPUTS = sorted(FORMATS)
WITH_EXIF = {"jpeg", "png", "webp", "avif", "jxl"}
WITH_XMP = WITH_EXIF | {"tiff"}
WITH_IPTC = {"jpeg", "tiff"}

# What every block of EXIF or TIFF has: how the pixels lie and how large they are.
TECHNICAL = {
    Base.XResolution,
    Base.YResolution,
    Base.ResolutionUnit,
    Base.Orientation,
    Base.YCbCrPositioning,
    Base.ExifOffset,
}


def made(
    studio: Studio, source: str, output: str, keep: str, **more: object
) -> tuple[Path, FileMetadata]:
    file = save_with_metadata(studio.inputs, source, orientation=6)
    asked = {"format": output, "keep_metadata": keep, **more}
    rendered = studio.file(studio.render(file, asked).outputs[0])
    return rendered, read_metadata(rendered)


@pytest.mark.parametrize("source", FORMATS_WITH_METADATA)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("keep", CHOICES)
def test_a_position_survives_only_all(studio: Studio, source: str, output: str, keep: str) -> None:
    file, found = made(studio, source, output, keep)
    has_position = bool(found.position), "GPS" in found.xmp
    # libvips reads no EXIF out of a TIFF.
    is_in_exif = keep == "all" and source in WITH_EXIF and output in WITH_EXIF
    assert has_position == (is_in_exif, keep == "all" and output in WITH_XMP)
    if keep != "all":
        assert PRIVATE.encode() not in file.read_bytes()
        assert b"GPS" not in file.read_bytes()
        assert Base.GPSInfo not in found.exif
    if is_in_exif:
        assert found.position[2] == LATITUDE


@pytest.mark.parametrize("source", FORMATS_WITH_METADATA)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("keep", ["none", "icc"])
def test_no_metadata_is_kept_by_default(
    studio: Studio, source: str, output: str, keep: str
) -> None:
    _, found = made(studio, source, output, keep)
    assert not found.xmp
    assert not found.iptc
    if output != "tiff":
        assert not found.exif
    assert not {Base.Artist, Base.Copyright} & set(found.exif)


@pytest.mark.parametrize("source", FORMATS_WITH_METADATA)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("keep", ["copyright", "all"])
def test_artist_and_copyright_are_kept_letter_by_letter(
    studio: Studio, source: str, output: str, keep: str
) -> None:
    _, found = made(studio, source, output, keep)
    if output in WITH_EXIF | {"tiff"}:
        assert as_text(found.exif[Base.Artist]) == ARTIST
        assert as_text(found.exif[Base.Copyright]) == COPYRIGHT
    if output in WITH_XMP:
        assert xmp_items(found, "creator") == [("", ARTIST), ("", "Second")]
        assert xmp_items(found, "rights") == [("x-default", COPYRIGHT), ("de", "Alle Rechte")]
    if output in WITH_IPTC and source in WITH_IPTC:
        assert found.iptc[2, 80] == ARTIST.encode()
        assert found.iptc[2, 116] == COPYRIGHT.encode()
        assert found.iptc[1, 90] == b"\x1b%G"


def xmp_items(found: FileMetadata, name: str) -> list[tuple[str, str]]:
    """Return language and text of each item of a property."""
    rdf, dc = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}", "{http://purl.org/dc/elements/1.1/}"
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    root = ET.fromstring(found.xmp.strip("\ufeff\0"))  # noqa: S314 - ours
    items = root.iterfind(f".//{dc}{name}//{rdf}li")
    return [(item.get(language, ""), item.text or "") for item in items]


@pytest.mark.parametrize("source", FORMATS_WITH_METADATA)
@pytest.mark.parametrize("output", sorted(WITH_XMP))
def test_copyright_keeps_nothing_else(studio: Studio, source: str, output: str) -> None:
    _, found = made(studio, source, output, "copyright")
    if output in WITH_EXIF:
        assert set(found.exif) <= TECHNICAL | {Base.Artist, Base.Copyright}
        assert set(found.details) <= {
            Base.ExifVersion,
            Base.FlashPixVersion,
            Base.ComponentsConfiguration,
            Base.ColorSpace,
            Base.ExifImageWidth,
            Base.ExifImageHeight,
        }
    assert set(re.findall(r"<(\w+:\w+)", found.xmp)) == {
        "x:xmpmeta",
        "rdf:RDF",
        "rdf:Description",
        "dc:creator",
        "dc:rights",
        "rdf:Seq",
        "rdf:Alt",
        "rdf:li",
    }
    assert set(found.iptc) <= {(1, 90), (2, 0), (2, 80), (2, 116)}


@pytest.mark.parametrize("source", sorted(WITH_EXIF))
@pytest.mark.parametrize("output", sorted(WITH_EXIF))
def test_all_keeps_what_else_there_is(studio: Studio, source: str, output: str) -> None:
    _, found = made(studio, source, output, "all")
    assert found.exif[Base.ImageDescription] == PRIVATE
    assert found.details[Base.LensModel] == PRIVATE
    assert PRIVATE in found.xmp
    if (source, output) == ("jpeg", "jpeg"):
        assert found.iptc[2, 90] == PRIVATE.encode()


@pytest.mark.parametrize("source", FORMATS_WITH_METADATA)
@pytest.mark.parametrize("output", sorted(WITH_XMP))
@pytest.mark.parametrize("keep", CHOICES)
def test_an_applied_orientation_is_removed(
    studio: Studio, source: str, output: str, keep: str
) -> None:
    _, turned = made(studio, source, output, keep)
    assert turned.exif.get(Base.Orientation, 1) == 1
    assert 'Orientation="6"' not in turned.xmp


# Decoders of AVIF turn by themselves.
@pytest.mark.parametrize("source", ["jpeg", "png", "webp", "tiff"])
@pytest.mark.parametrize("output", sorted(WITH_XMP))
@pytest.mark.parametrize("keep", CHOICES)
def test_an_orientation_that_is_not_applied_is_always_kept(
    studio: Studio, source: str, output: str, keep: str
) -> None:
    _, lying = made(studio, source, output, keep, auto_orient=False)
    assert lying.exif[Base.Orientation] == 6
    assert ('Orientation="6"' in lying.xmp) == (keep == "all")


@pytest.mark.parametrize(("space", "exif_space"), [("srgb", 1), ("p3", 65535)])
@pytest.mark.parametrize("keep", ["copyright", "all"])
def test_exif_says_whether_colors_are_srgb(
    studio: Studio, space: str, exif_space: int, keep: str
) -> None:
    _, found = made(studio, "jpeg", "jpeg", keep, color_space=space)
    assert found.details[Base.ColorSpace] == exif_space


def test_a_thumbnail_in_the_metadata_is_removed(studio: Studio) -> None:
    # It would show what a crop has cut away.
    thumbnail = studio.save(noise(16, 16), "thumbnail.jpg").read_bytes()
    directory = b"MM\0*\0\0\0\x08\0\1\x01\x3b\0\2\0\0\0\4Joe\0\0\0\0\x1a"
    places = [(0x0103, 3, 6 << 16), (0x0201, 4, 68), (0x0202, 4, len(thumbnail))]
    second = b"\0\3" + b"".join(
        tag.to_bytes(2) + kind.to_bytes(2) + (1).to_bytes(4) + value.to_bytes(4)
        for tag, kind, value in places
    )
    block = (directory + second + bytes(4)).ljust(68, b"\0") + thumbnail
    file = studio.save(noise(40, 30), "in.jpg", exif=b"Exif\0\0" + block)
    assert thumbnail[-100:] in file.read_bytes()
    output = studio.file(studio.render(file, {"keep_metadata": "all"}).outputs[0])
    assert thumbnail[-100:] not in output.read_bytes()
    assert open_picture(output).getexif()[Base.Artist] == "Joe"


def test_comments_of_a_png_are_kept_by_all(studio: Studio) -> None:
    for keep in CHOICES:
        file, _ = made(studio, "png", "png", keep, name=keep)
        assert (open_picture(file).info.get("Author") == PRIVATE) == (keep == "all")


@pytest.mark.parametrize("keep", ["copyright", "all"])
def test_a_picture_without_metadata_has_none_to_keep(studio: Studio, keep: str) -> None:
    file = studio.save(noise(24, 16), "in.png")
    found = read_metadata(
        studio.file(studio.render(file, {"format": "jpeg", "keep_metadata": keep}).outputs[0])
    )
    assert (found.exif, found.xmp, found.iptc) == ({}, "", {})


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("keep", CHOICES)
def test_blocks_of_any_size_are_handled(studio: Studio, output: str, keep: str) -> None:
    block = Image.Exif()
    block[Base.Artist] = "Me"
    block[Base.ImageDescription] = "x" * 1_000_000
    air = b" " * 1_000_000
    file = studio.save(noise(24, 16), "in.webp", exif=block, xmp=b"<x>" + air + b"</x>")
    made_ = studio.make(file, format=output, keep_metadata=keep, color_space="srgb")
    assert made_.size == (24, 16)
    # The block of EXIF as a whole does not go into a JPEG, but what is picked out does.
    if keep == "copyright" and output in WITH_EXIF:
        assert made_.getexif()[Base.Artist] == "Me"


def test_a_giant_profile_is_kept_where_it_has_a_place(studio: Studio) -> None:
    air = P3.profile() + bytes(900_000)
    giant = len(air).to_bytes(4) + air[4:]
    file = studio.save(noise(24, 16), "in.png", icc_profile=giant)
    for output in ("jpeg", "png", "webp", "avif", "tiff"):
        kept = studio.make(file, name=output, format=output, color_space="keep")
        assert kept.info["icc_profile"] == giant
        studio.make(file, name=f"{output}-srgb", format=output)


def test_a_large_png_has_room_for_xmp_before_its_pixels(studio: Studio) -> None:
    picture = noise(900, 900)  # some megabytes, since it does not compress
    file = studio.save(picture, "in.webp", lossless=True, xmp=XMP)
    made_ = studio.file(studio.render(file, {"format": "png", "keep_metadata": "all"}).outputs[0])
    assert open_picture(made_).info["xmp"] == XMP.replace(b'Orientation="6"', b'Orientation="1"')
    assert difference(open_picture(made_), picture) == 0


def test_iptc_of_a_jpeg_lies_among_other_resources(studio: Studio) -> None:
    records = dataset(2, 80, b"One") + dataset(2, 80, b"Two") + dataset(2, 25, b"secret")
    whole = studio.save(noise(24, 16), "plain.jpg").read_bytes()
    file = studio.inputs / "in.jpg"
    file.write_bytes(whole[:2] + iptc_segment(records) + whole[2:])
    for output in WITH_IPTC:
        asked: dict[str, object] = {"format": output, "keep_metadata": "copyright"}
        found = read_metadata(studio.file(studio.render(file, asked).outputs[0]))
        assert found.iptc == {(2, 0): b"\0\4", (2, 80): [b"One", b"Two"]}


def test_all_the_iptc_of_a_jpeg_fits_a_tiff_and_back(studio: Studio) -> None:
    file, found = made(studio, "jpeg", "tiff", "all")
    assert found.exif[33723] == IPTC
    back = studio.render(file, {"name": "back", "format": "jpeg", "keep_metadata": "all"})
    assert read_metadata(studio.file(back.outputs[0])).iptc == found.iptc
