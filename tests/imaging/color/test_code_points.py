"""Colours of standard range, by code points in PNG, AVIF and HEIC, against formulas in `spaces`."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from imagemill.imaging.color.code_points import find_tag
from imagemill.imaging.color.profiles import get_profile
from imagemill.imaging.color.space_tags import get_tag
from imagemill.imaging.engine.header import open_image
from imagemill.imaging.errors import UnsupportedFormat
from imaging.colors import by_its_profile
from imaging.light import BT2020, converted
from imaging.spaces import ADOBE, P3, SRGB, Space, gray_profile
from imaging.studio import Studio, pixels
from imaging.tagged import (
    PALETTE,
    cicp,
    iccp,
    read_chunks,
    read_nclx,
    save_avif,
    save_heic,
    save_png,
    solid,
)

# One colour, inside of sRGB whatever its primaries are taken for.
COLOR = (150, 140, 100)

PAL = Space((0.64, 0.33), (0.29, 0.60), (0.15, 0.06))
NTSC = Space((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))

# Source: ITU-T H.273, tables 2 and 3.
SPACES = {
    (1, 13): SRGB,
    (1, 1): SRGB,
    (5, 6): PAL,
    (6, 6): NTSC,
    (9, 13): BT2020,
    (9, 14): BT2020,
    (12, 13): P3,
    (12, 1): P3,
    (1, 4): replace(SRGB, gamma=2.2),
    (1, 5): replace(SRGB, gamma=2.8),
    (9, 8): replace(BT2020, gamma=1.0),
    (12, 17): replace(P3, gamma=2.6),
}


def png(file: Path, primaries: int, transfer: int) -> Path:
    return save_png(file.with_suffix(".png"), solid(*COLOR), cicp(primaries, transfer))


def avif(file: Path, primaries: int, transfer: int) -> Path:
    return save_avif(file.with_suffix(".avif"), solid(*COLOR, side=64), primaries, transfer)


def heic(file: Path, primaries: int, transfer: int) -> Path:
    deep = solid(*(level * 257 for level in COLOR), side=64, deep=True)
    return save_heic(file.with_suffix(".heic"), deep, primaries, transfer)


Save = Callable[[Path, int, int], Path]
SAVES = [png, avif, heic]


@pytest.mark.parametrize("save", SAVES)
@pytest.mark.parametrize(("numbers", "space"), SPACES.items())
def test_code_points_are_converted_to_srgb(
    studio: Studio, save: Save, numbers: tuple[int, int], space: Space
) -> None:
    made = studio.make(save(studio.inputs / "in", *numbers), format="png")
    expected = converted(np.array(COLOR) / 255, space)
    assert np.abs(pixels(made)[5, 5] - expected).max() <= 2.5
    assert "icc_profile" not in made.info


@pytest.mark.parametrize(
    ("save", "numbers"),
    [
        *product((png, avif), [(0, 0), (3, 3), (200, 99)]),
        *product(SAVES, [(2, 2), (1, 2), (2, 13)]),
    ],
)
def test_code_points_that_say_nothing_are_srgb(
    studio: Studio, save: Save, numbers: tuple[int, int]
) -> None:
    made = studio.make(save(studio.inputs / "in", *numbers), format="png")
    assert np.abs(pixels(made)[5, 5] - COLOR).max() <= 1


def test_a_heic_with_reserved_numbers_is_refused(studio: Studio) -> None:
    file = heic(studio.inputs / "in", 12, 13)
    data = file.read_bytes()
    file.write_bytes(data.replace(b"colrnclx\0\x0c", b"colrnclx\0\xc8"))
    with pytest.raises(UnsupportedFormat, match="reserved numbers"):
        studio.make(file, format="png")


def test_a_curve_that_is_said_alone_counts() -> None:
    tag = find_tag(2, 8)
    assert tag is not None
    assert (tag.transfer, tag.code_points) == (1.0, (1, 8))


@pytest.mark.parametrize(("transfer", "decades"), [(9, 2.0), (10, 2.5)])
def test_logarithmic_curves_are_converted(studio: Studio, transfer: int, decades: float) -> None:
    made = studio.make(png(studio.inputs / "in", 1, transfer), format="png")
    light = 10 ** ((np.array(COLOR) / 255 - 1) * decades)
    assert np.abs(pixels(made)[5, 5] - SRGB.coded(light) * 255).max() <= 1.5


def test_primaries_that_are_xyz_are_converted(studio: Studio) -> None:
    light = SRGB.linear(np.array(COLOR) / 255) @ SRGB.to_xyz().T  # of D50; here, E is white
    signal = np.round(light / [0.9642, 1, 0.8249] * 255).astype(int)
    file = save_png(studio.inputs / "in.png", solid(*signal), cicp(10, 8))
    made = pixels(studio.make(file, format="png"))[5, 5]
    # Adaptation in XYZ and by Bradford differ; untouched, the numbers would be 80 darker.
    assert np.abs(made - COLOR).max() < 8


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("alpha", [(), (128,)])
def test_a_png_of_every_depth_and_with_alpha(
    studio: Studio, bits: int, alpha: tuple[int, ...]
) -> None:
    scale = 257 if bits == 16 else 1
    color = [level * scale for level in (*COLOR, *alpha)]
    file = save_png(studio.inputs / "in.png", solid(*color, deep=bits == 16), cicp(12, 13))
    made = studio.make(file, format="png")
    expected = [*converted(np.array(COLOR) / 255, P3), *alpha]
    mode = "RGBA" if alpha else "RGB"
    assert np.abs(pixels(made, mode)[5, 5] - expected).max() <= 1.5


def test_a_palette_is_converted(studio: Studio) -> None:
    indices = np.zeros((8, 8, 1), "uint8")
    palette = (b"PLTE", bytes(COLOR)), (b"tRNS", b"\x80")
    file = save_png(studio.inputs / "in.png", indices, cicp(12, 13), *palette, kind=PALETTE)
    made = studio.make(file, format="png")
    expected = [*converted(np.array(COLOR) / 255, P3), 128]
    assert np.abs(pixels(made, "RGBA")[5, 5] - expected).max() <= 1.5


def test_gray_has_the_curve_and_no_primaries(studio: Studio) -> None:
    file = save_png(studio.inputs / "in.png", solid(128), cicp(9, 8))
    made = studio.make(file, format="png")
    assert abs(pixels(made, "L")[5, 5] - SRGB.coded(np.array(128 / 255)) * 255) <= 1
    file = save_png(studio.inputs / "in.png", solid(128), cicp(9, 13))
    assert pixels(studio.make(file, format="png"), "L")[5, 5] == 128


@pytest.mark.parametrize("bits", [8, 16])
def test_narrow_range_is_widened(studio: Studio, bits: int) -> None:
    scale = 256 if bits == 16 else 1
    levels = [0, 16, 126, 235, 255]
    row = np.repeat(np.array(levels, f"uint{bits}") * scale, 3).reshape(1, -1, 3)
    file = save_png(studio.inputs / "in.png", row, cicp(1, 13, full_range=0))
    made = pixels(studio.make(file, format="png"))[0, :, 0]
    assert made.tolist() == [0, 0, round((126 - 16) * 255 / 219), 255, 255]


@pytest.mark.parametrize("chunk", [cicp(12, 13, matrix=1), cicp(12, 13, full_range=7)])
def test_a_cicp_that_is_not_allowed_is_ignored(studio: Studio, chunk: tuple[bytes, bytes]) -> None:
    file = save_png(studio.inputs / "in.png", solid(*COLOR), chunk)
    assert pixels(studio.make(file, format="png"))[5, 5].tolist() == list(COLOR)


def test_cicp_counts_before_a_profile(studio: Studio) -> None:
    file = save_png(studio.inputs / "in.png", solid(*COLOR), iccp(ADOBE.profile()), cicp(12, 13))
    made = pixels(studio.make(file, format="png"))[5, 5]
    assert np.abs(made - converted(np.array(COLOR) / 255, P3)).max() <= 1
    kept = studio.make(file, name="kept", format="jpeg", color_space="keep", quality=100)
    assert np.abs(pixels(by_its_profile(kept))[5, 5] - made).max() <= 2


def test_cicp_that_says_srgb_counts_before_a_profile(studio: Studio) -> None:
    file = save_png(studio.inputs / "in.png", solid(*COLOR), iccp(ADOBE.profile()), cicp(1, 13))
    assert pixels(studio.make(file, format="png"))[5, 5].tolist() == list(COLOR)


def test_a_profile_counts_before_cicp_that_says_nothing(studio: Studio) -> None:
    file = save_png(studio.inputs / "in.png", solid(*COLOR), iccp(ADOBE.profile()), cicp(2, 2))
    made = pixels(studio.make(file, format="png"))[5, 5]
    assert np.abs(made - converted(np.array(COLOR) / 255, ADOBE)).max() <= 1


@pytest.mark.parametrize("save", SAVES)
def test_what_says_srgb_costs_nothing(studio: Studio, save: Save) -> None:
    _, image = open_image(save(studio.inputs / "in", 1, 1).read_bytes())
    assert (get_tag(image), get_profile(image)) == (None, None)


@pytest.mark.parametrize("save", SAVES)
def test_wide_colors_stay_in_p3(studio: Studio, save: Save) -> None:
    made = studio.make(save(studio.inputs / "in", 12, 13), format="png", color_space="p3")
    assert np.abs(pixels(made)[5, 5] - COLOR).max() <= 1


@pytest.mark.parametrize("save", SAVES)
@pytest.mark.parametrize("numbers", [(12, 13), (9, 13), (1, 8), (5, 6)])
def test_keep_keeps_the_tag_or_embeds_a_profile_that_means_the_same(
    studio: Studio, save: Save, numbers: tuple[int, int]
) -> None:
    file = save(studio.inputs / "in", *numbers)
    meant = pixels(studio.make(file, format="png"))[5, 5]
    for format_ in ("jpeg", "png", "webp", "tiff"):
        high = {} if format_ in {"png", "tiff"} else {"quality": 100}
        kept = studio.make(file, name=format_, format=format_, color_space="keep", **high)
        assert np.abs(pixels(by_its_profile(kept))[5, 5] - meant).max() <= 3, format_
        assert np.abs(pixels(kept)[5, 5] - COLOR).max() <= 2, format_
    written = read_chunks(studio.outputs / "png.png")[b"cICP"]
    assert tuple(written) == (*numbers, 0, 1)


@pytest.mark.parametrize("asked", [{"quality": 100}, {"lossless": True}, {"max_bytes": 9000}])
@pytest.mark.parametrize("alpha", [(), (128,)])
def test_keep_keeps_code_points_in_an_avif(
    studio: Studio, asked: dict[str, object], alpha: tuple[int, ...]
) -> None:
    file = save_png(studio.inputs / "in.png", solid(*COLOR, *alpha, side=64), cicp(12, 13))
    made = studio.make(file, format="avif", color_space="keep", **asked)
    assert read_nclx(studio.outputs / "image.avif") == (12, 13, 0 if "lossless" in asked else 6)
    assert np.abs(pixels(made, "RGBA")[9, 9] - [*COLOR, *(alpha or (255,))]).max() <= 2
    again = pixels(studio.make(studio.outputs / "image.avif", name="again", format="png"))[9, 9]
    assert np.abs(again - converted(np.array(COLOR) / 255, P3)).max() <= 3


def test_analyses_see_the_converted_picture(studio: Studio) -> None:
    file = png(studio.inputs / "in", 12, 13)
    found = studio.analyze(file, "dominant_color", "palette", format="png")
    plain = save_png(
        studio.inputs / "plain.png", solid(*map(int, pixels(studio.make(file, format="png"))[5, 5]))
    )
    assert found == studio.analyze(plain, "dominant_color", "palette", format="png")


def test_a_gray_profile_is_no_worse_for_cicp(studio: Studio) -> None:
    chunks = iccp(gray_profile(1.8)), cicp(1, 8)
    file = save_png(studio.inputs / "in.png", solid(128), *chunks)
    assert pixels(studio.make(file, format="png"), "L")[5, 5] == 188
