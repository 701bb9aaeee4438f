"""Which files are done without libvips, and what is read of them."""

from collections.abc import Callable

import pytest

from imagemill.imaging.color.profiles import load_built_in_profile
from imagemill.imaging.engine.header import open_image
from imagemill.imaging.engine.small_jpeg.header import read_header
from imagemill.imaging.engine.small_jpeg.obstacles import (
    OF_FILE,
    OF_OUTPUT,
    find_obstacle_in_file,
    find_obstacle_in_pipeline,
)
from imagemill.imaging.engine.small_jpeg.orientation import read_orientation
from imagemill.imaging.engine.small_jpeg.segments import Unreadable, read_segments
from imagemill.imaging.engine.small_jpeg.srgb_profile import is_srgb
from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.imaging.spec.plain import parse
from imaging.small_jpegs import encode, orient, samples, scene
from imaging.studio import srgb_profile

SAMPLES = samples()
PHOTO = SAMPLES["photo"]


def find_obstacle(data: bytes) -> str | None:
    return find_obstacle_in_file(data, read_segments(data))


def insert(marker: int, content: bytes, data: bytes = PHOTO) -> bytes:
    """Add a segment at the start of the file."""
    length = len(content) + 2
    return data[:2] + bytes([0xFF, marker]) + length.to_bytes(2) + content + data[2:]


def change_frame(at: int, value: int, data: bytes = PHOTO) -> bytes:
    """Change a byte of the frame's segment, counted from its marker's second byte."""
    frame = data.index(b"\xff\xc0") + 1 + at
    return data[:frame] + bytes([value]) + data[frame + 1 :]


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_header_is_the_one_that_libvips_reads(sample: str) -> None:
    assert read_header(SAMPLES[sample]) == open_image(SAMPLES[sample])[0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_the_one_that_libvips_reads(orientation: int) -> None:
    data = encode(scene(40, 30), exif=orient(orientation))
    header = read_header(data)
    assert header == open_image(data)[0]
    assert header is not None
    assert header.orientation == orientation


OBSTACLES: dict[str, Callable[[], bytes]] = {
    "the picture is too large": lambda: encode(scene(1000, 501)),
    "a side is too short": lambda: encode(scene(200, 15)),
    "the frame is neither baseline nor progressive": lambda: change_frame(0, 0xC1),
    "samples have more than 8 bits": lambda: change_frame(3, 12),
    "colours are neither grey nor YCbCr": lambda: encode(scene(60, 40).convert("CMYK")),
    "there are several EXIF blocks": lambda: insert(0xE1, b"Exif\0\0", SAMPLES["comment"]),
    "the profile is in several segments": lambda: insert(0xE2, b"ICC_PROFILE\0\1\2" + bytes(9)),
    "a grey picture has a profile": lambda: encode(
        scene(60, 40).convert("L"), icc_profile=srgb_profile()
    ),
}


def test_each_obstacle_of_a_file_has_an_example() -> None:
    assert OBSTACLES.keys() == OF_FILE.keys()


@pytest.mark.parametrize("reason", OBSTACLES)
def test_a_file_that_libvips_has_to_decode_is_left_to_it(reason: str) -> None:
    data = OBSTACLES[reason]()
    assert find_obstacle(data) == reason
    assert read_header(data) is None


@pytest.mark.parametrize(
    "data",
    [
        insert(0xEE, b"Adobe\0\x64\0\0\0\0\0"),  # RGB, by Adobe
        change_frame(9, ord("R")),  # a component's number that may mean RGB
        change_frame(10, 0x41),  # sampled four times across
    ],
)
def test_unusual_colors_are_left_to_libvips(data: bytes) -> None:
    assert find_obstacle(data) == "colours are neither grey nor YCbCr"


def test_a_file_that_adobe_says_is_ycbcr_needs_no_libvips() -> None:
    data = insert(0xEE, b"Adobe\0\x64\0\0\0\0\1")
    assert read_header(data) == open_image(data)[0]


def test_a_file_with_many_scans_is_left_to_libvips() -> None:
    data = encode(scene(60, 40))
    assert find_obstacle(data + b"\xff\xda" * 99) is None
    assert find_obstacle(data + b"\xff\xda" * 100) == "there are too many scans"


def test_a_profile_that_changes_colors_is_left_to_libvips() -> None:
    p3 = load_built_in_profile("p3")
    assert is_srgb(srgb_profile())
    assert is_srgb(load_built_in_profile("srgb"))
    assert is_srgb(b"not a profile")  # libvips ignores it
    assert not is_srgb(p3)
    assert read_header(encode(scene(60, 40), icc_profile=p3)) is None


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0\x08\0\0\0\0\0",  # no EXIF
        b"Exif\0\0XX*\0\x08\0\0\0",  # no order of bytes
        b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0",  # ends within the entry
        b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\4\0\1\0\0\0\6\0\0\0",  # a long number
        b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\2\0\0\0\6\0\6\0",  # two of them
        b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0\0\0",  # 9
        b"Exif\0\0II*\0\x08\0\0\0\2\0" + b"\x12\1\3\0\1\0\0\0\6\0\0\0" * 2,  # twice
    ],
)
def test_an_unusual_orientation_is_left_to_libvips(block: bytes) -> None:
    assert read_orientation(block) is None


def test_an_orientation_is_read_in_both_orders_of_bytes() -> None:
    little = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"
    big = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"
    assert read_orientation(little) == read_orientation(big) == 6
    assert read_orientation(b"Exif\0\0MM\0*\0\0\0\x08\0\0") == 1


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5, 20, 60, 200])
def test_a_file_that_ends_before_its_scan_is_unreadable(length: int) -> None:
    with pytest.raises(Unreadable):
        read_segments(PHOTO[:length])


ASKED: dict[str, dict[str, object]] = {
    "rotates by other than quarters": {"rotate": 45},
    "trims": {"trim": True},
    "enlarges": {"width": 900, "enlarge": True},
    "scales with gamma": {"gamma": 2.2},
    "looks for what to keep": {
        "width": 9, "height": 9, "fit": "cover", "position": "attention",
    },
    "blurs or sharpens": {"blur": 1},
    "changes colours": {"grayscale": True},
    "has a watermark": {"watermark": {"text": "c"}},
    "has another colour space": {"color_space": "p3"},
    "chooses a palette": {"palette": True, "format": "png"},
    "keeps metadata": {"keep_metadata": "icc"},
    "keeps a gain map": {"keep_gain_map": True},
    "has a transparent background": {"background": "#ffffff80"},
}  # fmt: skip


def find_obstacle_in(**fields: object) -> str | None:
    return find_obstacle_in_pipeline(parse(Pipeline.model_validate(fields).model_dump_json()))


@pytest.mark.parametrize("reason", OF_OUTPUT)
def test_an_output_that_needs_libvips_is_left_to_it(reason: str) -> None:
    assert find_obstacle_in(outputs=[{"name": "a"}, ASKED[reason]]) == reason


@pytest.mark.parametrize(
    "changed",
    [
        {"sharpen": 1},
        {"normalize": True},
        {"modulate": {"saturation": 2}},
        {"tint": "#00f"},
        {"negate": True},
        {"trim": 0},
        {"width": 9, "height": 9, "fit": "cover", "position": "entropy"},
        {"color_space": "keep"},
        {"keep_metadata": "copyright"},
        {"keep_metadata": "all"},
    ],
)
def test_whatever_changes_pixels_otherwise_is_left_to_libvips(changed: dict[str, object]) -> None:
    assert find_obstacle_in(outputs=[changed]) is not None


def test_an_analysis_is_left_to_libvips() -> None:
    assert find_obstacle_in(outputs=[{}], analyze=["metadata"]) == "it analyses"
