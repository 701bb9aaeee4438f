"""TIFFs of every depth, kind and arrangement: shown as they are, or refused with a reason.

Columns have 0, a quarter, a half and all of a sample's range.
"""

import numpy as np
import pytest

from imaging import deep_png
from imaging.studio import Studio, pixels
from imaging.tiff_files import (
    ARRANGEMENTS,
    ASSOCIATED,
    COLORS,
    COLUMNS,
    DEPTHS,
    EXTRA,
    GREY,
    HALF,
    HIGH,
    UNASSOCIATED,
    UNSPECIFIED,
    WIDE,
    levels,
    render,
    store,
    with_alpha,
)
from imaging.tiffs import (
    CMYK,
    MIN_IS_BLACK,
    MIN_IS_WHITE,
    PALETTE,
    RGB,
    YCBCR,
    Samples,
    Tiff,
)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_grey_and_color_of_every_depth(studio: Studio, depth: str, arrangement: str) -> None:
    options = ARRANGEMENTS[arrangement]
    grey = Tiff(store(GREY, depth), MIN_IS_BLACK, **options)
    color = Tiff(store(COLORS, depth), RGB, **options)
    assert render(studio, grey) == pytest.approx(levels(GREY), abs=1)
    assert render(studio, color) == pytest.approx(levels(COLORS), abs=1)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    ("kind", "shares", "photometric"),
    [("grey", GREY, MIN_IS_BLACK), ("color", COLORS, RGB), ("inks", COLORS, CMYK)],
)
def test_alpha_of_every_depth(
    studio: Studio, depth: str, kind: str, shares: Samples, photometric: int
) -> None:
    if kind == "inks":
        shares = np.dstack([shares, np.zeros_like(COLUMNS)])
    tiff = Tiff(store(with_alpha(shares), depth), photometric, {EXTRA: [UNASSOCIATED]})
    shown = render(studio, tiff)
    assert shown[:, 3] == pytest.approx(128, abs=1)
    if kind != "inks":
        assert shown == pytest.approx(levels(shares, 0.5), abs=1)


@pytest.mark.parametrize("depth", ["u1", "u2", "f2", "f4"])
def test_associated_alpha_is_divided_out(studio: Studio, depth: str) -> None:
    tiff = Tiff(store(with_alpha(COLORS * HALF[..., None]), depth), RGB, {EXTRA: [ASSOCIATED]})
    assert render(studio, tiff) == pytest.approx(levels(COLORS, 0.5), abs=2)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("photometric", [MIN_IS_BLACK, RGB])
def test_predictors(studio: Studio, depth: str, photometric: int) -> None:
    shares = GREY if photometric == MIN_IS_BLACK else COLORS
    predictor = 3 if depth.startswith("f") else 2
    tiff = Tiff(store(shares, depth), photometric, predictor=predictor)
    assert render(studio, tiff) == pytest.approx(levels(shares), abs=1)


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("photometric", [MIN_IS_BLACK, MIN_IS_WHITE])
def test_few_bits(studio: Studio, bits: int, photometric: int) -> None:
    most = 2**bits - 1
    stored = np.round(GREY * most)
    shown = stored / most if photometric == MIN_IS_BLACK else 1 - stored / most
    tiff = Tiff(stored.astype("u1"), photometric, bits=bits)
    assert render(studio, tiff) == pytest.approx(levels(shown), abs=1)


@pytest.mark.parametrize("depth", ["u1", "u2"])
def test_zero_is_white_where_the_file_says_so(studio: Studio, depth: str) -> None:
    tiff = Tiff(store(GREY, depth), MIN_IS_WHITE)
    assert render(studio, tiff) == pytest.approx(levels(1 - GREY), abs=1)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_palettes(studio: Studio, bits: int) -> None:
    ramp = np.linspace(0, 65535, 2**bits).round().astype(int)
    colors = [*ramp.tolist(), *(65535 - ramp).tolist(), *([0] * 2**bits)]
    stored = np.round(GREY * (2**bits - 1))
    tiff = Tiff(stored.astype("u2" if bits > 8 else "u1"), PALETTE, {320: colors}, bits=bits % 8)
    share = stored / (2**bits - 1)
    shown = np.dstack([share, 1 - share, share * 0])
    assert render(studio, tiff) == pytest.approx(levels(shown), abs=1)


def test_of_several_channels_the_one_that_says_so_is_alpha(studio: Studio) -> None:
    samples = store(np.dstack([COLORS, np.zeros_like(COLUMNS), HALF]), "u1")
    tiff = Tiff(samples, RGB, {EXTRA: [UNSPECIFIED, UNASSOCIATED]})
    assert render(studio, tiff) == pytest.approx(levels(COLORS, 0.5), abs=1)


def test_a_channel_that_is_not_described_is_alpha(studio: Studio) -> None:
    tiff = Tiff(store(with_alpha(COLORS), "u1"), RGB)
    assert render(studio, tiff) == pytest.approx(levels(COLORS, 0.5), abs=1)


def test_further_channels_have_no_part_in_scaling(studio: Studio) -> None:
    # libvips weighs colours by the last band.
    left, right = np.array([255, 0, 0, 255, 0]), np.array([0, 255, 0, 255, 255])
    samples = np.stack([left, right] * (WIDE // 2))[np.newaxis].repeat(HIGH, 0).astype("u1")
    file = studio.inputs / "in.tif"
    file.write_bytes(Tiff(samples, RGB, {EXTRA: [UNASSOCIATED, UNSPECIFIED]}).encode())
    made = pixels(studio.make(file, format="png", width=WIDE // 4), "RGBA")
    assert made[4, 8].tolist() == pytest.approx([128, 128, 0, 255], abs=4)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_there_is_not_is_none(studio: Studio, orientation: int) -> None:
    tiff = Tiff(store(GREY, "u1"), MIN_IS_BLACK, {274: [orientation]})
    assert render(studio, tiff) == pytest.approx(levels(GREY), abs=1)


def test_what_was_deeper_is_kept_with_16_bits(studio: Studio) -> None:
    file = studio.inputs / "in.tif"
    file.write_bytes(Tiff(np.full((8, 8, 3), 0.123, "f4"), RGB).encode())
    rendered = studio.render(file, {"format": "png", "color_space": "keep"})
    deep = deep_png.read(studio.file(rendered.outputs[0]))
    assert deep[4, 4].tolist() == [round(0.123 * 65535)] * 3


@pytest.mark.parametrize("subsampling", [[2, 2], None])
def test_ycbcr_with_fewer_colors_than_pixels(studio: Studio, subsampling: list[int] | None) -> None:
    # TIFF 6.0, section 21: the lightness of four pixels, then their Cb and Cr.
    block = np.array([81, 81, 81, 81, 90, 240], "u1")
    samples = np.tile(block, HIGH * WIDE // 4).reshape(HIGH, -1, 3)
    tags = {256: [WIDE], 278: [HIGH // 2], 532: (0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1)}
    tags |= {530: subsampling} if subsampling else {}
    file = studio.inputs / "in.tif"
    file.write_bytes(Tiff(samples, YCBCR, tags).encode())
    made = pixels(studio.make(file, format="png"))
    red = [81 + 1.402 * 112, 81 - 0.344136 * -38 - 0.714136 * 112, 81 + 1.772 * -38]
    assert made[8, 8].tolist() == pytest.approx(red, abs=2)
