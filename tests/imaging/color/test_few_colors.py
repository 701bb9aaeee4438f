"""The colours of a picture of few, counted exactly."""

import numpy as np
import pytest
from numpy.typing import NDArray

from imagemill.imaging.color import few_colors
from imagemill.imaging.color.few_colors import find_few_colors
from imagemill.imaging.libvips import Image

Rows = NDArray[np.uint8]


def to_vips(rows: Rows) -> Image:
    height, width, bands = rows.shape
    return Image.new_from_memory(rows.tobytes(), width, height, bands, "uchar")


def random_rows(colors: int, bands: int) -> Rows:
    """Return pixels of so many different colours, each of which is there."""
    random = np.random.default_rng(colors * 10 + bands)
    palette = np.unique(random.integers(0, 256, (4 * colors, bands), dtype="uint8"), axis=0)
    numbers = random.permutation(np.arange(60 * 50) % colors).reshape(50, 60)
    return np.asarray(random.permutation(palette)[:colors][numbers])


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("colors", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (200, 8)]
)
def test_every_pixel_has_the_number_of_its_color(bands: int, colors: int, bits: int) -> None:
    rows = random_rows(colors, bands)
    found = find_few_colors(to_vips(rows))
    assert found is not None
    assert (len(found.colors), found.bits) == (colors, bits)
    numbers = np.frombuffer(found.number(to_vips(rows)).write_to_memory(), "uint8").reshape(50, 60)
    assert np.array_equal(np.array(found.colors)[numbers], rows)


@pytest.mark.parametrize("bands", [3, 4])
def test_a_picture_of_257_colors_has_no_few(bands: int) -> None:
    assert find_few_colors(to_vips(random_rows(256, bands))) is not None
    assert find_few_colors(to_vips(random_rows(257, bands))) is None


def test_colors_of_one_code_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.array([[(0, 4, 0), (4, 3, 0)]], "uint8")
    collide = (1, 4, 1)
    assert {int(np.dot(collide, pixel)) for pixel in rows[0]} == {16}
    monkeypatch.setitem(few_colors.FACTORS, 3, (collide,))
    assert find_few_colors(to_vips(rows)) is None
    monkeypatch.setitem(few_colors.FACTORS, 3, (collide, (1, 263, 8219)))
    found = find_few_colors(to_vips(rows))
    assert found is not None
    assert set(found.colors) == {(0, 4, 0), (4, 3, 0)}
