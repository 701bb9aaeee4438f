from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagemill.imaging.engine.geometry import Size, place
from imagemill.imaging.errors import TooLarge
from imagemill.imaging.spec.bounds import MAX_SIDE
from imagemill.imaging.spec.pipeline import Fit, Output

SIDES = st.integers(1, 20_000)
FITS: tuple[Fit, ...] = get_args(Fit)
ASKED = st.none() | st.integers(1, MAX_SIDE)


def box(size: tuple[int, int], **output: object) -> tuple[int, int]:
    placed = place(Size(*size), Output.model_validate(output)).box
    return placed.width, placed.height


def scaled(size: tuple[int, int], **output: object) -> tuple[int, int]:
    placed = place(Size(*size), Output.model_validate(output)).scaled
    return placed.width, placed.height


def test_no_size_keeps_the_size() -> None:
    assert box((300, 200)) == (300, 200)


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ("inside", (120, 80)),
        ("outside", (150, 100)),
        ("fill", (120, 100)),
        ("cover", (120, 100)),
        ("contain", (120, 100)),
    ],
)
def test_each_fit_meets_a_smaller_box_in_its_way(fit: str, expected: tuple[int, int]) -> None:
    assert box((300, 200), width=120, height=100, fit=fit) == expected


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ("inside", (30, 20)),
        ("outside", (30, 20)),
        ("fill", (30, 20)),
        ("cover", (30, 20)),
        ("contain", (120, 100)),
    ],
)
def test_only_contain_is_larger_than_the_input(fit: str, expected: tuple[int, int]) -> None:
    assert box((30, 20), width=120, height=100, fit=fit) == expected


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ("inside", (120, 80)),
        ("outside", (150, 100)),
        ("fill", (120, 100)),
        ("cover", (120, 100)),
        ("contain", (120, 100)),
    ],
)
def test_enlarge_lets_each_fit_grow(fit: str, expected: tuple[int, int]) -> None:
    assert box((30, 20), width=120, height=100, fit=fit, enlarge=True) == expected


@pytest.mark.parametrize("fit", FITS)
def test_one_side_keeps_the_ratio_with_every_fit(fit: str) -> None:
    assert box((300, 200), width=150, fit=fit) == (150, 100)
    assert box((300, 200), height=50, fit=fit) == (75, 50)


def test_contain_does_not_enlarge_the_picture_in_its_box() -> None:
    assert scaled((30, 20), width=120, height=100, fit="contain") == (30, 20)
    assert scaled((30, 20), width=120, height=100, fit="contain", enlarge=True) == (120, 80)


def test_cover_takes_the_side_that_fits_and_cuts_the_other() -> None:
    assert box((300, 50), width=100, height=80, fit="cover") == (100, 50)


def test_fill_does_not_enlarge_either_side() -> None:
    assert box((300, 50), width=100, height=80, fit="fill") == (100, 50)


@pytest.mark.parametrize(
    ("size", "width", "expected"),
    [
        ((100, 25), 50, (50, 13)),  # 12.5: up, where banker's rounding would go down
        ((3000, 1000), 100, (100, 33)),
        ((10_000, 1), 10, (10, 1)),  # never less than one pixel
    ],
)
def test_lengths_are_rounded_as_in_sharp(
    size: tuple[int, int], width: int, expected: tuple[int, int]
) -> None:
    assert box(size, width=width) == expected


def test_an_output_that_would_be_too_long_is_refused_with_its_numbers() -> None:
    with pytest.raises(
        TooLarge, match="Output image would be 16384x49152; the limit is 16384 pixels a side"
    ):
        box((10, 30), width=MAX_SIDE, enlarge=True)


def test_a_scaled_side_beyond_the_limit_is_rejected() -> None:
    with pytest.raises(TooLarge, match="before it is cropped"):
        box((65_535, 1), width=4000, height=4000, fit="cover", enlarge=True)


@given(
    size=st.tuples(SIDES, SIDES),
    width=ASKED,
    height=ASKED,
    fit=st.sampled_from(FITS),
)
def test_without_enlarge_the_picture_never_grows(
    size: tuple[int, int], width: int | None, height: int | None, fit: Fit
) -> None:
    output = Output.model_construct(width=width, height=height, fit=fit)
    try:
        placed = place(Size(*size), output)
    except TooLarge:
        return
    assert placed.scaled.width <= size[0]
    assert placed.scaled.height <= size[1]


@given(
    size=st.tuples(SIDES, SIDES), width=st.integers(1, MAX_SIDE), height=st.integers(1, MAX_SIDE)
)
def test_inside_touches_a_smaller_box_and_stays_in_it(
    size: tuple[int, int], width: int, height: int
) -> None:
    asked = (min(width, size[0]), min(height, size[1]))
    got = box(size, width=asked[0], height=asked[1])
    assert got[0] <= asked[0]
    assert got[1] <= asked[1]
    assert got[0] == asked[0] or got[1] == asked[1]
