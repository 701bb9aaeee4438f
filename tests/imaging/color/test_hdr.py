"""PQ and HLG: rendering for SDR, and what `keep` keeps of them, against formulas in `light`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from imagemill.imaging.libvips import GValue
from imagemill.imaging.libvips import Image as VipsImage
from imaging import deep_png
from imaging.colors import by_its_profile
from imaging.light import BT2020, DIFFUSE_WHITE, hlg_nits, pq, shown, to_linear_srgb
from imaging.spaces import P3, SRGB, Levels, Space
from imaging.studio import Pixels, Studio, pixels
from imaging.tagged import (
    Samples,
    cicp,
    columns,
    read_chunks,
    read_nclx,
    save_avif,
    save_heic,
    save_png,
    solid,
)

PQ, HLG = 16, 18
NAMES = {BT2020: 9, P3: 12, SRGB: 1}

# Columns of 8 pixels: the middle of the nth.
WIDTH = 8


def to_deep(signal: Levels | list[float]) -> list[int]:
    return [int(level) for level in np.round(np.asarray(signal) * 65535)]


def column(picture: Pixels, n: int) -> Pixels:
    return np.asarray(picture[4, WIDTH * n + WIDTH // 2])


def pq_steps(file: Path, nits: Sequence[float]) -> Path:
    return save_png(file, columns(to_deep(pq(np.array(nits)))), cicp(9, PQ))


def test_pq_is_exact_to_70_nits_and_rolls_off_above(studio: Studio) -> None:
    nits = [0, 1, 10, 50, 70, 100, 203, 400, 1000, 4000, 10000]
    made = pixels(studio.make(pq_steps(studio.inputs / "in.png", nits), format="png"))
    levels = [int(column(made, n)[0]) for n in range(len(nits))]
    for n in range(5):
        assert np.abs(column(made, n) - shown(np.full(3, nits[n]))).max() <= 1
    assert levels[nits.index(203)] >= 225
    assert levels == sorted(set(levels))
    assert levels[-1] == 255


def test_hlg_is_exact_to_70_nits_and_rolls_off_above(studio: Studio) -> None:
    signal = [0.0, 0.1, 0.25, 0.4, 0.5, 0.75, 0.9, 1.0]
    file = save_png(studio.inputs / "in.png", columns(to_deep(signal)), cicp(9, HLG))
    made = pixels(studio.make(file, format="png"))
    for n in range(5):
        nits = hlg_nits(np.full(3, signal[n]))
        assert np.abs(column(made, n) - shown(nits)).max() <= 1
    assert hlg_nits(np.full(3, 0.75)).max() == pytest.approx(DIFFUSE_WHITE, abs=1)
    levels = [int(column(made, n)[0]) for n in range(len(signal))]
    assert levels[5] >= 225
    assert levels == sorted(set(levels))
    assert levels[-1] == 255


@pytest.mark.parametrize("space", [BT2020, P3, SRGB])
def test_dark_colors_are_exact_in_any_primaries(studio: Studio, space: Space) -> None:
    nits = np.array([60, 45, 35])
    color = to_deep(pq(nits))
    file = save_png(studio.inputs / "in.png", solid(*color, deep=True), cicp(NAMES[space], PQ))
    made = pixels(studio.make(file, format="png"))[4, 4]
    assert np.abs(made - shown(nits, space)).max() <= 1


def test_hlg_weighs_its_system_gamma_by_luminance(studio: Studio) -> None:
    signal = [0.50, 0.45, 0.40]
    file = save_png(studio.inputs / "in.png", solid(*to_deep(signal), deep=True), cicp(9, HLG))
    made = pixels(studio.make(file, format="png"))[4, 4]
    assert np.abs(made - shown(hlg_nits(np.array(signal)))).max() <= 1


@pytest.mark.parametrize("factor", [2, 8, 40])
@pytest.mark.parametrize("color", [(100, 60, 45), (60, 90, 50), (60, 60, 110), (110, 60, 110)])
def test_highlights_keep_their_hue(
    studio: Studio, factor: int, color: tuple[int, int, int]
) -> None:
    nits = np.array(color) * factor
    file = save_png(studio.inputs / "in.png", solid(*to_deep(pq(nits)), deep=True), cicp(9, PQ))
    made = SRGB.linear(pixels(studio.make(file, format="png"))[4, 4] / 255)
    meant = to_linear_srgb(nits.astype(float), BT2020)
    assert np.abs(made / made.max() - meant / meant.max()).max() < 0.01


def save_avif_8_bits(file: Path, deep: Samples, transfer: int) -> Path:
    return save_avif(file.with_suffix(".avif"), (deep >> 8).astype("uint8"), 9, transfer)


def save_heic_10_bits(file: Path, deep: Samples, transfer: int) -> Path:
    return save_heic(file.with_suffix(".heic"), deep, 9, transfer)


@pytest.mark.parametrize("save", [save_avif_8_bits, save_heic_10_bits])
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_avif_and_heic_are_rendered_as_png_is(
    studio: Studio, save: Callable[[Path, Samples, int], Path], transfer: int
) -> None:
    file = studio.inputs / "in.png"
    deep = np.broadcast_to(np.array([30000, 27000, 24000], "uint16"), (64, 64, 3))
    expected = pixels(studio.make(save_png(file, deep, cicp(9, transfer)), format="png"))
    made = pixels(studio.make(save(file, deep, transfer), format="png"))
    assert np.abs(made[9, 9] - expected[9, 9]).max() <= 8  # two steps of 8 bits in PQ


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_p3_has_the_same_colors(studio: Studio, transfer: int) -> None:
    deep = columns([0, 20000, 30000, 40000])
    deep[..., 1] -= deep[..., 1] // 20
    file = save_png(studio.inputs / "in.png", deep, cicp(9, transfer))
    narrow = studio.make(file, format="png", name="narrow")
    wide = studio.make(file, format="png", name="wide", color_space="p3")
    lab = P3.lab(pixels(wide) / 255), SRGB.lab(pixels(narrow) / 255)
    inside = pixels(narrow).min(axis=-1) > 0  # sRGB has not cut them
    assert inside.any()
    assert np.abs(lab[0] - lab[1])[inside].max() < 2.5  # a level of the darkest


def test_gray_and_alpha(studio: Studio) -> None:
    level = to_deep(pq(np.array([50.0])))[0]
    file = save_png(studio.inputs / "in.png", solid(level, 32896, deep=True), cicp(9, PQ))
    for space in ("srgb", "p3"):
        made = studio.make(file, format="png", name=space, color_space=space)
        expected = [*shown(np.full(3, 50)), 128]
        assert np.abs(pixels(made, "RGBA")[4, 4] - expected).max() <= 1


def test_a_scaled_picture_is_as_bright(studio: Studio) -> None:
    level = to_deep(pq(np.array([50.0])))[0]
    file = save_png(studio.inputs / "in.png", np.full((900, 900, 3), level, "uint16"), cicp(9, PQ))
    for asked in ({}, {"gamma": 2.2}, {"rotate": 90}, {"fit": "cover", "position": "attention"}):
        made = studio.make(file, format="png", width=60, height=50, **asked)
        assert np.abs(pixels(made)[25, 25] - shown(np.full(3, 50))).max() <= 1


def test_analyses_see_the_picture_rendered_for_sdr(studio: Studio) -> None:
    level = to_deep(pq(np.array([50.0])))[0]
    file = save_png(studio.inputs / "in.png", solid(level, level, level, deep=True), cicp(9, PQ))
    found = studio.analyze(file, "dominant_color", format="png")
    assert found == {"dominant_color": "#888888"}


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_keep_keeps_samples_and_tag_in_png(studio: Studio, transfer: int) -> None:
    deep = columns(list(range(0, 65536, 999)))
    file = save_png(studio.inputs / "in.png", deep, cicp(9, transfer))
    studio.make(file, format="png", color_space="keep")
    made = studio.outputs / "image.png"
    assert (deep_png.read(made) == deep).all()
    assert tuple(read_chunks(made)[b"cICP"]) == (9, transfer, 0, 1)
    assert b"iCCP" not in read_chunks(made)


@pytest.mark.parametrize("keep_metadata", ["none", "icc", "copyright", "all"])
def test_keep_keeps_the_tag_in_avif(studio: Studio, keep_metadata: str) -> None:
    file = save_png(studio.inputs / "in.png", columns(list(range(0, 65536, 9999))), cicp(9, PQ))
    asked = {"format": "avif", "color_space": "keep", "quality": 100}
    meant = pixels(studio.make(file, name="meant", format="png"))
    studio.make(file, **asked, keep_metadata=keep_metadata)
    assert read_nclx(studio.outputs / "image.avif") == (9, PQ, 6)
    again = pixels(studio.make(studio.outputs / "image.avif", name="again", format="png"))
    assert np.abs(again - meant)[4, 4::WIDTH].max() <= 4


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize(
    ("format_", "bands"), [("jpeg", 3), ("webp", 3), ("tiff", 3), ("jpeg", 1), ("tiff", 1)]
)
def test_keep_embeds_a_profile_that_renders_for_sdr(
    studio: Studio, transfer: int, format_: str, bands: int
) -> None:
    deep = columns(list(range(0, 45000, 4000)))[..., :bands]  # of PQ, to 500 nits
    if bands == 3:
        deep[4:, :, 1] -= deep[4:, :, 1] // 20  # a mild colour below, grey above
    file = save_png(studio.inputs / "in.png", deep, cicp(9, transfer))
    meant = pixels(studio.make(file, name="meant", format="png"))
    high = {} if format_ == "tiff" else {"quality": 100}
    kept = studio.make(file, format=format_, color_space="keep", **high)
    if kept.mode.startswith("I;16"):  # Pillow cannot convert it by a profile
        kept = studio.make(studio.outputs / "image.tiff", name="by-profile", format="png")
        seen = pixels(kept)
    else:
        seen = pixels(by_its_profile(kept))
    middles = slice(WIDTH // 2, None, WIDTH)
    assert np.abs(seen - meant)[2, middles].max() <= 5  # a step of 8 bits in PQ
    assert np.abs(seen - meant)[6, middles].max() <= 10


def test_gif_has_no_place_for_hdr(studio: Studio) -> None:
    file = pq_steps(studio.inputs / "in.png", [50.0])
    made = studio.make(file, format="gif", color_space="keep")
    assert np.abs(pixels(made)[4, 4] - shown(np.full(3, 50))).max() <= 2


STEPS = [
    {"modulate": {"saturation": 1.0, "brightness": 1.0}, "grayscale": True},
    {"sharpen": 0.1},
    {"tint": "#808080"},
]


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("asked", STEPS)
def test_steps_in_hdr_keep_the_light_of_greys(
    studio: Studio, transfer: int, asked: dict[str, object]
) -> None:
    # To 1,000 nits, twice as light as the white of SDR, and more.
    deep = columns([9000, 20000, 38000, 49000, 60000])
    file = save_png(studio.inputs / "in.png", deep, cicp(9, transfer))
    studio.make(file, format="png", color_space="keep", **asked)
    made = deep_png.read(studio.outputs / "image.png").astype(int)
    assert np.abs(made[4, 4::WIDTH] - deep[4, 4::WIDTH].astype(int)).max() <= 40


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_white_on_an_hdr_picture_is_diffuse_white(studio: Studio, transfer: int) -> None:
    file = save_png(studio.inputs / "in.png", columns([0, 30000]), cicp(9, transfer))
    studio.make(file, format="png", color_space="keep", pad=2, background="#ffffff")
    made = deep_png.read(studio.outputs / "image.png")[0, 0] / 65535
    nits = pq(np.array(DIFFUSE_WHITE)) if transfer == PQ else 0.75
    assert np.abs(made - nits).max() < 0.002


def test_ten_bits_of_a_heic_stay_apart_in_16(studio: Studio) -> None:
    ramp = np.round(np.arange(1024) * 65535 / 1023).astype("uint16")
    deep = np.broadcast_to(ramp[np.newaxis, :, np.newaxis], (16, 1024, 3))
    file = save_heic(studio.inputs / "in.heic", deep, 9, PQ)
    studio.make(file, format="png", color_space="keep")
    made = deep_png.read(studio.outputs / "image.png")[8, :, 1]
    assert len(set(made.tolist())) == 1024
    assert np.abs(made.astype(int) - ramp).max() <= 64


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_avifs_reach_white_and_stay_apart_in_16_bits(studio: Studio, bits: int) -> None:
    steps = 1 << bits
    ramp = (VipsImage.xyz(steps, 16)[0] * (65535 / (steps - 1))).rint().cast("ushort")
    image = ramp.bandjoin([ramp, ramp]).copy(interpretation="rgb16")
    image.set_type(GValue.blob_type, "icc-profile-data", P3.profile())
    file = studio.inputs / "in.avif"
    file.write_bytes(
        image.heifsave_buffer(compression="av1", bitdepth=bits, lossless=True, effort=0)
    )
    studio.make(file, format="png", color_space="keep")
    made = deep_png.read(studio.outputs / "image.png")[8, :, 1]
    assert (made[0], made[-1]) == (0, 65535)
    assert len(set(made.tolist())) > 0.9 * steps
