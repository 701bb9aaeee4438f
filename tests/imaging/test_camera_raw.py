"""Camera RAW files are told from images, and TIFFs of scanners and editors from RAW files."""

import struct
from random import Random

import pytest

from imagemill.imaging.camera_raw import CameraRawDetector, find_camera_raw
from imagemill.imaging.errors import InvalidImage, UnsupportedFormat
from imaging.camera_raws import (
    COMPRESSION,
    MAKE,
    PHOTOMETRIC,
    RGB,
    SENSOR,
    SUBFILE_TYPE,
    Tags,
    camera_raw,
    dng,
    tiff,
)
from imaging.studio import Studio, gradient

SIGNED = {
    "Canon CR2": b"II*\0\x10\0\0\0CR\2\0",
    "Canon CRW": b"II\x1a\0\0\0HEAPCCDR",
    "Canon CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    "Fujifilm RAF": b"FUJIFILMCCD-RAW 0201",
    "Minolta MRW": b"\0MRM",
    "Panasonic RW2": b"IIU\0\x18\0\0\0",
    "Phase One IIQ": b"II*\0\x10\0\0\0IIIITwaR",
    "Sigma X3F": b"FOVb",
}
OLYMPUS = [b"IIRO\x08\0\0\0", b"IIRS\x08\0\0\0", b"MMOR\0\0\0\x08"]

MAKES = {
    "NIKON CORPORATION": "Nikon NEF",
    "SONY": "Sony ARW",
    "PENTAX": "Pentax PEF",
    "SAMSUNG": "Samsung SRW",
    "Hasselblad": "Hasselblad 3FR",
    "EASTMAN KODAK COMPANY": "Kodak DCR",
    "SEIKO EPSON CORP.": "Epson ERF",
    "Mamiya-OP Co.,Ltd.": "Mamiya MEF",
    "Somebody": "TIFF/EP",
}

ORDINARY = {
    "a scanner's": tiff({COMPRESSION: 1, PHOTOMETRIC: RGB, MAKE: b"NIKON CORPORATION\0"}),
    "an editor's": tiff({COMPRESSION: 5, PHOTOMETRIC: RGB, MAKE: b"Canon\0\0\0"}),
    "a thumbnail before its picture": tiff(
        {SUBFILE_TYPE: 1, PHOTOMETRIC: RGB, MAKE: b"NIKON CORPORATION\0"},
        {SUBFILE_TYPE: 0, COMPRESSION: 5, PHOTOMETRIC: RGB},
    ),
    "a pyramid": tiff(
        {SUBFILE_TYPE: 0, PHOTOMETRIC: RGB, MAKE: b"SONY\0"},
        {SUBFILE_TYPE: 1, COMPRESSION: 7, PHOTOMETRIC: RGB},
    ),
    "one that names no camera": tiff({COMPRESSION: 1, PHOTOMETRIC: RGB}),
}


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_of_its_own(name: str) -> None:
    assert find_camera_raw(SIGNED[name] + bytes(50)) == name


@pytest.mark.parametrize("head", OLYMPUS)
def test_olympus_has_three_signatures(head: bytes) -> None:
    assert find_camera_raw(head) == "Olympus ORF"


def test_a_dng_is_known_by_its_version() -> None:
    assert find_camera_raw(dng()) == "DNG"


@pytest.mark.parametrize("make", MAKES)
def test_a_sensors_data_below_a_thumbnail_has_its_makers_name(make: str) -> None:
    assert find_camera_raw(camera_raw(make)) == MAKES[make]


@pytest.mark.parametrize("compression", [32767, 32769, 32770, 34713, 65000, 65535])
def test_a_sensors_data_may_be_known_by_its_compression(compression: int) -> None:
    first: Tags = {SUBFILE_TYPE: 1, PHOTOMETRIC: RGB, MAKE: b"SONY\0"}
    below = {COMPRESSION: compression, PHOTOMETRIC: RGB}
    assert find_camera_raw(tiff(first, below)) == "Sony ARW"


def test_a_sensors_data_may_come_first() -> None:
    page = tiff({COMPRESSION: 65535, PHOTOMETRIC: SENSOR, MAKE: b"PENTAX Corporation\0"})
    assert find_camera_raw(page) == "Pentax PEF"


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_tiff_is_none(name: str) -> None:
    assert find_camera_raw(ORDINARY[name]) is None


@pytest.mark.parametrize("name", ["jpg", "png", "webp", "avif", "gif", "tiff", "heic"])
def test_an_image_is_none(studio: Studio, name: str) -> None:
    assert find_camera_raw(studio.save(gradient(20, 20), f"in.{name}").read_bytes()) is None


STREAMS = {
    "near": (camera_raw("NIKON CORPORATION"), "Nikon NEF"),
    "its data out of sight": (camera_raw("SONY", gap=200_000), "Sony ARW"),
    "its directory at the end": (dng(at=300_000), "DNG"),
    "its directory where the head ends": (dng(at=65_530), "DNG"),
    "its directory in the middle": (dng(at=70_001) + bytes(300_000), "DNG"),
    "an ordinary one": (ORDINARY["a scanner's"] + bytes(300_000), None),
    "an ordinary one with its directory at the end": (
        tiff({COMPRESSION: 5, PHOTOMETRIC: RGB, MAKE: b"Canon\0\0\0"}, at=300_000),
        None,
    ),
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("size", [7, 4096, 65_536, 1_000_000])
def test_a_stream_shows_what_the_file_is(name: str, size: int) -> None:
    data, wanted = STREAMS[name]
    detector = CameraRawDetector()
    for at in range(0, len(data), size):
        detector.feed(data[at : at + size])
    assert detector.find() == wanted


def test_a_long_raw_is_known_before_its_end() -> None:
    detector = CameraRawDetector()
    detector.feed(camera_raw("NIKON CORPORATION") + bytes(66_000))
    assert detector.is_complete()
    assert detector.find() == "Nikon NEF"


def test_damaged_directories_are_none() -> None:
    random = Random(1)
    for whole in (dng(), camera_raw("SONY"), ORDINARY["a pyramid"]):
        for _ in range(200):
            damaged = bytearray(whole)
            for _ in range(random.randrange(1, 9)):
                damaged[random.randrange(4, len(damaged))] = random.randrange(256)
            find_camera_raw(bytes(damaged[: random.randrange(len(damaged))]))


@pytest.mark.parametrize("at", [2**63 - 1, 2**63, 2**64 - 1])
def test_a_directory_beyond_all_files_is_none(studio: Studio, at: int) -> None:
    data = struct.pack("<2sHHHQ", b"II", 43, 8, 0, at)
    assert find_camera_raw(data) is None
    detector = CameraRawDetector()
    detector.feed(data)
    assert detector.find() is None
    file = studio.inputs / "in"
    file.write_bytes(data)
    with pytest.raises(InvalidImage):
        studio.render(file, {})


@pytest.mark.parametrize(
    ("data", "name"), [(dng(), "DNG"), (SIGNED["Fujifilm RAF"], "Fujifilm RAF")]
)
def test_one_that_was_stored_all_the_same_is_unsupported(
    studio: Studio, data: bytes, name: str
) -> None:
    file = studio.inputs / "in"
    file.write_bytes(data)
    with pytest.raises(UnsupportedFormat, match=f"camera RAW .{name}"):
        studio.render(file, {})
