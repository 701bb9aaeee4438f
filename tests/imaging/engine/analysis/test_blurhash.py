"""BlurHash, against hashes of another implementation and a decoder from the published algorithm."""

from math import cos, pi

import numpy as np
import pytest
from numpy.typing import NDArray

from imagemill.imaging.engine.analysis.blurhash import compute_blurhash
from imaging.engine.analysis.samples import hidden, plain, sample
from imaging.studio import Studio, gradient, pixels

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def number(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 83 + DIGITS.index(digit)
    return value


def decoded(text: str, width: int, height: int) -> NDArray[np.float64]:
    """Decode as woltapp/blurhash's Algorithm.md says."""
    size = number(text[0])
    across, down = size % 9 + 1, size // 9 + 1
    largest = (number(text[1]) + 1) / 166
    mean = np.frombuffer(number(text[2:6]).to_bytes(3), "uint8") / 255
    colors = [np.where(mean <= 0.04045, mean / 12.92, ((mean + 0.055) / 1.055) ** 2.4)]
    for at in range(6, len(text), 2):
        value = number(text[at : at + 2])
        levels = np.array([value // 361, value // 19 % 19, value % 19]) - 9
        colors.append(np.sign(levels) * (levels / 9) ** 2 * largest)
    linear = np.zeros((height, width, 3))
    for y in range(height):
        for x in range(width):
            for at, color in enumerate(colors):
                j, i = divmod(at, across)
                linear[y, x] += color * cos(pi * x * i / width) * cos(pi * y * j / height)
    assert len(colors) == across * down
    linear = linear.clip(0, 1)
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return coded * 255


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (30, 20, "LIG9B5VnARF;:NH{F##tzCRZkXR|"),
        (20, 30, "LIF~skSp5#F;:49_xKAwv2EV$ls}"),
        (32, 32, "LDG9NiRKM[7U+DVFB-#ZzUIJI{wP"),
    ],
)
def test_hashes_are_those_of_the_package_blurhash(width: int, height: int, expected: str) -> None:
    assert compute_blurhash(sample(width, height)) == expected  # blurhash 1.1.5


def test_a_picture_shows_through_its_hash(studio: Studio) -> None:
    picture = gradient(400, 300)
    found = studio.analyze(studio.save(picture, "in.png"), "blurhash")
    # A gradient in eleven waves: they ring at the borders, by a tenth of the range.
    shown = decoded(found["blurhash"], 32, 24)
    assert np.abs(shown - pixels(picture.resize((32, 24)))).mean() < 16


def test_a_plain_picture_has_its_color() -> None:
    found = compute_blurhash(plain(200, 100, 50))
    assert found is not None
    assert number(found[2:6]) == 0xC86432


def test_invisible_pixels_do_not_change_the_hash() -> None:
    visible = sample(16, 12)
    assert compute_blurhash(hidden(visible, 0)) == compute_blurhash(hidden(visible, 255))
    found = compute_blurhash(hidden(plain(200, 100, 50), 255))
    assert found is not None
    assert number(found[2:6]) == 0xC86432


def test_a_picture_without_visible_pixels_has_no_hash() -> None:
    assert compute_blurhash(plain(9, 9, 9, alpha=0)) is None
