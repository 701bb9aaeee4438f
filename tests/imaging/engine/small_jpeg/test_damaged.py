"""A damaged file has the same verdict as with libvips, which gives it."""

import random

import pytest

from imagemill.errors import Rejected
from imagemill.imaging.engine.render import render, render_with_libvips
from imagemill.imaging.engine.small_jpeg.render import render_small_jpeg
from imaging.small_jpegs import Way, encode, orient, run, scene

FILES = [
    encode(scene(90, 61), exif=orient(6)),
    encode(scene(90, 61), progressive=True),
    encode(scene(90, 61), restart_marker_rows=1),
    encode(scene(90, 61).convert("L")),
]


def verdict(way: Way, data: bytes) -> str | None:
    """Return what is wrong, None when it is rendered."""
    try:
        run(way, data, {"width": 40})
    except Rejected as error:
        return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("sixteenths", [*range(1, 16), 15.9])
def test_a_truncated_file_is_as_invalid(file: bytes, sixteenths: float) -> None:
    data = file[: int(len(file) * sixteenths / 16)]
    assert run(render_small_jpeg, data, {"width": 40}) is None
    assert verdict(render, data) == verdict(render_with_libvips, data)
    assert verdict(render, data) is not None


@pytest.mark.parametrize("seed", range(40))
def test_a_file_with_flipped_bits_has_the_same_verdict(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(rng.choice(FILES))
    for _ in range(rng.choice((1, 2, 8))):
        data[rng.randrange(2, len(data))] ^= 1 << rng.randrange(8)
    assert verdict(render, bytes(data)) == verdict(render_with_libvips, bytes(data))


def test_a_file_whose_scan_ends_in_zeros_is_left_to_libvips() -> None:
    data = FILES[0]
    half = len(data) // 2
    assert run(render_small_jpeg, data[:half] + bytes(len(data) - half), {"width": 40}) is None
    ended = data[:half] + bytes(len(data) - half - 2) + data[-2:]
    assert run(render_small_jpeg, ended, {"width": 40}) is None
