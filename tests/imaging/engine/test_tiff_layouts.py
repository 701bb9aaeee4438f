"""TIFFs of every depth, kind and arrangement: shown as they are, or refused with a reason.

Columns have 0, a quarter, a half and all of a sample's range.
"""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import process_time
from typing import Any

import numpy as np
import pytest

from imagemill.imaging.errors import UnsupportedFormat
from imaging import deep_png
from imaging.spaces import D65, SRGB, xyz
from imaging.studio import Studio, pixels
from imaging.tiffs import (
    CMYK,
    ICC_LAB,
    LAB,
    MIN_IS_BLACK,
    MIN_IS_WHITE,
    PALETTE,
    RGB,
    YCBCR,
    Samples,
    Tiff,
)

WIDE, HIGH = 64, 32
COLUMNS = np.repeat([0, 0.25, 0.5, 1.0], WIDE // 4)[np.newaxis, :].repeat(HIGH, 0)
HALF = np.full_like(COLUMNS, 0.5)
GREY = COLUMNS[..., np.newaxis]
COLORS = np.dstack([COLUMNS, COLUMNS[:, ::-1], HALF])
EXTRA, SAMPLE_FORMAT = 338, 339
UNSPECIFIED, ASSOCIATED, UNASSOCIATED = 0, 1, 2

DEPTHS = ["u1", "u2", "u4", "f2", "f4"]
ARRANGEMENTS: dict[str, dict[str, Any]] = {
    "strips": {},
    "big-endian": {"order": ">"},
    "BigTIFF": {"is_big": True},
    "big-endian BigTIFF": {"order": ">", "is_big": True},
    "tiles": {"tile": 16},
    "planes": {"has_planes": True},
    "directory last": {"directory_last": True},
}


def store(shares: Samples, depth: str) -> Samples:
    """Return shares of the range as samples of this depth."""
    kind = np.dtype(depth)
    if kind.kind in "ui":
        return np.round(shares * np.iinfo(kind).max).astype(kind)
    return shares.astype(kind)


def with_alpha(colors: Samples) -> Samples:
    return np.dstack([colors, HALF])


def render(studio: Studio, tiff: Tiff, mode: str = "RGBA") -> Samples:
    """Return the middle pixel of each column of the output."""
    file = studio.inputs / "in.tif"
    file.write_bytes(tiff.encode())
    made = pixels(studio.make(file, format="png"), mode)
    assert made.shape[:2] == tiff.samples.shape[:2]
    return made[HIGH // 2, WIDE // 8 :: WIDE // 4]


def levels(shares: Samples, alpha: float = 1) -> Samples:
    """Return what `render` should: RGBA with 8 bits."""
    row = shares[HIGH // 2, WIDE // 8 :: WIDE // 4]
    colors = row.repeat(3, 1) if row.shape[1] == 1 else row
    return np.column_stack([colors, np.full(len(row), alpha)]) * 255


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


def store_lab(lab: Sequence[float], depth: str, photometric: int) -> list[int]:
    """Return a colour's three samples. Sources: TIFF 6.0, 23; Adobe's notes on 16 bits, ICCLab."""
    light, *opponents = lab
    step = 1 if depth == "u1" else 256
    if photometric == ICC_LAB:
        white = 255 if depth == "u1" else 65280
        return [round(light * white / 100), *(round((value + 128) * step) for value in opponents)]
    most = np.iinfo(depth).max
    return [round(light * most / 100), *(round(value * step) % (most + 1) for value in opponents)]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("depth", ["u1", "u2"])
@pytest.mark.parametrize("photometric", [LAB, ICC_LAB])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_lab(
    studio: Studio, photometric: int, depth: str, arrangement: str, *, has_alpha: bool
) -> None:
    color = [53, 40, -30]
    stored = store_lab(color, depth, photometric)
    tags = {}
    if has_alpha:
        stored, tags = [*stored, np.iinfo(depth).max // 2], {EXTRA: [UNASSOCIATED]}
    samples = np.full((HIGH, WIDE, len(stored)), stored, depth)
    if has_alpha and arrangement == "planes":
        samples[..., 3] += 1  # an odd number in a plane of its own
    tiff = Tiff(samples, photometric, tags, **ARRANGEMENTS[arrangement])
    wanted = [*(SRGB.from_lab(np.array(color, float)) * 255), 127.5 if has_alpha else 255]
    assert render(studio, tiff)[1] == pytest.approx(wanted, abs=2)


@pytest.mark.parametrize("depth", ["i1", "i2"])
def test_lab_may_be_said_to_be_signed(studio: Studio, depth: str) -> None:
    unsigned = depth.replace("i", "u")
    stored = np.full((HIGH, WIDE, 3), store_lab([53, 40, -30], unsigned, LAB), unsigned)
    shown = render(studio, Tiff(stored, LAB, {SAMPLE_FORMAT: [2, 2, 2]}))
    assert (shown == render(studio, Tiff(stored, LAB))).all()


def test_lab_of_daylight(studio: Studio) -> None:
    # From L, a and b to sRGB without any adaptation: IEC 61966-2-1 has the same white.
    f = np.array([69 / 116 + 40 / 500, 69 / 116, 69 / 116 + 30 / 200])
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    wanted = SRGB.coded(np.linalg.solve(to_xyz, f**3 * xyz(*D65))) * 255
    stored = np.full((HIGH, WIDE, 3), store_lab([53, 40, -30], "u2", LAB), "u2")
    white = (3127, 10000, 3290, 10000)
    assert render(studio, Tiff(stored, LAB, {318: white}), "RGB")[0] == pytest.approx(wanted, abs=2)


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


def test_a_large_lab_is_read_strip_by_strip(studio: Studio) -> None:
    samples = np.full((1500, 300, 3), store_lab([53, 40, -30], "u1", LAB), "u1")
    file = studio.inputs / "in.tif"
    file.write_bytes(Tiff(samples, LAB, order=">").encode())
    made = pixels(studio.make(file, format="png"))
    assert (made.min((0, 1)) == made.max((0, 1))).all()


def page(**changes: Any) -> Tiff:  # noqa: ANN401 - fields of a Tiff
    return replace(Tiff(store(GREY, "u1"), MIN_IS_BLACK), **changes)


def of(samples: Samples, photometric: int, tags: Mapping[int, Sequence[int]] = {}) -> Tiff:
    return page(samples=samples, photometric=photometric, tags=tags)


REFUSED: dict[str, tuple[Tiff, str]] = {
    "old-style JPEG": (page(tags={259: [6]}), "old-style JPEG"),
    "JBIG": (page(tags={259: [34661]}), "JBIG"),
    "JPEG 2000": (page(tags={259: [34712]}), "JPEG 2000"),
    "LogLuv": (page(tags={259: [34676]}), "LogLuv"),
    "LERC": (page(tags={259: [34887]}), "LERC"),
    "LZMA": (page(tags={259: [34925]}), "LZMA"),
    "Zstandard": (page(tags={259: [50000]}), "Zstandard"),
    "JPEG XL": (page(tags={259: [50002]}), "JPEG XL"),
    "PixarLog": (page(tags={259: [32909]}), "PixarLog"),
    "a codec of nobody": (page(tags={259: [60000]}), "method 60000"),
    "a mask": (page(photometric=4, bits=1), "transparency mask"),
    "ITU Lab": (of(store(COLORS, "u1"), 10), "ITU Lab"),
    "a kind of nobody": (page(photometric=12345), "of kind 12345"),
    "three bits": (page(bits=3), "3 bits"),
    "12 bits": (page(bits=12), "12 bits"),
    "24 bits": (page(bits=24), "24 bits"),
    "64 bits": (of(store(GREY, "f8"), MIN_IS_BLACK), "floating-point numbers of 64 bits"),
    "long integers": (of(GREY.astype("u8"), MIN_IS_BLACK), "integers of 64 bits"),
    "bytes with a sign": (of(store(GREY, "i1"), MIN_IS_BLACK), "signed integers of 8 bits"),
    "words with a sign": (of(store(COLORS, "i2"), RGB), "signed integers of 16 bits"),
    "longs with a sign": (of(store(COLORS, "i4"), RGB), "signed integers of 32 bits"),
    "complex numbers": (of(GREY.astype("c8"), MIN_IS_BLACK), "complex numbers"),
    "floats of which the least is white": (of(store(GREY, "f4"), MIN_IS_WHITE), "floating-point"),
    "colours of 4 bits": (Tiff(store(COLORS, "u1") // 16, RGB, bits=4), "4 bits"),
    "grey and alpha of 4 bits": (
        Tiff(store(with_alpha(GREY), "u1") // 16, MIN_IS_BLACK, {EXTRA: [2]}, bits=4),
        "2 samples of 4 bits",
    ),
    "planes of tiles": (Tiff(store(COLORS, "u1"), RGB, has_planes=True, tile=16), "tiles"),
    "other inks": (of(store(with_alpha(COLORS), "u1"), CMYK, {332: [2]}), "inks"),
    "two inks": (of(store(with_alpha(GREY), "u1"), CMYK), "2 samples, too few"),
    "a palette with alpha": (of(store(with_alpha(GREY), "u1"), PALETTE), "palette"),
    "YCbCr as it is": (of(store(COLORS, "u1"), YCBCR, {530: [1, 1]}), "YCbCr"),
    "more channels than known": (page(tags={277: [65]}), "65 samples, more than 64"),
    "channels of nothing": (of(store(COLORS, "u1"), MIN_IS_BLACK), "3 channels"),
    "Lab times alpha": (
        of(np.zeros((HIGH, WIDE, 4), "u1"), LAB, {EXTRA: [ASSOCIATED]}),
        "associated",
    ),
    "longs times alpha": (
        of(store(with_alpha(COLORS), "u4"), RGB, {EXTRA: [ASSOCIATED]}),
        "associated",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_come_out_right_is_refused_with_the_reason(
    studio: Studio, name: str
) -> None:
    tiff, reason = REFUSED[name]
    file = studio.inputs / "in.tif"
    file.write_bytes(tiff.encode())
    with pytest.raises(UnsupportedFormat, match=re.escape(reason)) as caught:
        studio.render(file, {"format": "png"})
    assert str(caught.value).startswith("The TIFF cannot be opened: ")
    assert str(caught.value).endswith("or as a PNG.")


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


def test_four_billion_samples_are_refused_at_once(studio: Studio) -> None:
    short, long = (277, 3, 1, 1), (277, 4, 1, 2**32 - 1)
    data = page().encode().replace(struct.pack("<HHII", *short), struct.pack("<HHII", *long))
    file = studio.inputs / "in.tif"
    file.write_bytes(data)
    started = process_time()
    with pytest.raises(UnsupportedFormat, match="4294967295 samples, more than 64"):
        studio.render(file, {"format": "png"})
    assert process_time() - started < 1
