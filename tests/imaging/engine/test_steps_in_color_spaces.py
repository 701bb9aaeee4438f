"""Steps in Display P3 and in the picture's own space, against formulas in `spaces`.

Tolerances are as in `test_color_space`.
"""

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from imagemill.imaging.libvips import Image as VipsImage
from imaging import deep_png
from imaging.colors import PRINT, ROUNDED, by_its_profile, inks, levels, mild
from imaging.spaces import ADOBE, P3, SRGB, distances, gray_profile, lab_of
from imaging.studio import LIMITS, Studio, open_picture, pixels

# Each step that adds a background, and a pixel of it.
BACKGROUNDS: list[tuple[dict[str, object], tuple[int, int]]] = [
    ({"width": 60, "height": 60, "fit": "contain"}, (30, 3)),
    ({"pad": 9}, (30, 3)),
    ({"rotate": 45}, (3, 3)),
]
ORANGE = "#e07020"


@pytest.mark.parametrize(("step", "place"), BACKGROUNDS)
@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize("space", ["p3", "keep"])
def test_a_background_is_an_srgb_color(
    studio: Studio, step: dict[str, object], place: tuple[int, int], space: str, *, opaque: bool
) -> None:
    picture = mild() if opaque else mild().convert("RGBA")
    file = studio.save(picture, "in.png", icc_profile=ADOBE.profile())
    made = studio.make(file, **step, background=ORANGE, color_space=space)
    shown = {"p3": P3, "keep": ADOBE}[space].lab(levels(made)[place[::-1]])
    assert distances(shown, SRGB.lab(np.array([0xE0, 0x70, 0x20]) / 255)) < ROUNDED


@pytest.mark.parametrize("space", ["p3", "keep"])
def test_so_is_the_background_of_a_format_without_alpha(studio: Studio, space: str) -> None:
    hole = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    file = studio.save(hole, "in.png", icc_profile=ADOBE.profile())
    asked = {"format": "jpeg", "quality": 100, "background": ORANGE, "color_space": space}
    shown = {"p3": P3, "keep": ADOBE}[space].lab(levels(studio.make(file, **asked))[20, 30])
    # Two levels for JPEG's rounding in YCbCr.
    assert distances(shown, SRGB.lab(np.array([0xE0, 0x70, 0x20]) / 255)) < 2 * ROUNDED


@pytest.mark.parametrize("deep", [True, False])
@pytest.mark.parametrize("space", ["p3", "keep"])
def test_a_watermark_has_the_colors_of_its_image(studio: Studio, space: str, *, deep: bool) -> None:
    file = studio.save(mild(), "in.png", icc_profile=ADOBE.profile())
    if deep:
        gray = np.full((40, 60, 3), 30_000, "uint16")
        file = deep_png.write(studio.inputs / "deep.png", gray, ADOBE.profile())
    Image.new("RGB", (30, 20), ORANGE).save(studio.inputs / "logo.png")
    mark = {"image": "logo.png", "opacity": 1, "position": "center"}
    asked: dict[str, object] = {"watermark": mark, "color_space": space, "format": "png"}
    output = studio.render(file, asked, limits=replace(LIMITS, assets=studio.inputs)).outputs[0]
    # Pillow makes 8 bits of 16.
    shown = {"p3": P3, "keep": ADOBE}[space].lab(levels(open_picture(studio.file(output)))[20, 30])
    assert distances(shown, SRGB.lab(np.array([0xE0, 0x70, 0x20]) / 255)) < ROUNDED


def test_a_background_of_gray_is_as_light_as_its_color(studio: Studio) -> None:
    file = studio.save(mild().convert("L"), "in.png", icc_profile=gray_profile(1.8))
    made = studio.make(file, pad=9, background=ORANGE, color_space="keep")
    light = (levels(made, "L")[3, 3] ** 1.8) * np.array([0.9642, 1, 0.8249])
    expected = SRGB.lab(np.array([0xE0, 0x70, 0x20]) / 255) * (1, 0, 0)
    assert made.mode == "L"
    assert distances(lab_of(light), expected) < ROUNDED


def test_a_background_in_cmyk_is_converted_by_the_profile(studio: Studio) -> None:
    file = studio.save(inks(), "in.tiff", icc_profile=PRINT)
    made = studio.make(file, pad=9, background="#808080", color_space="keep")
    expected = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), (128, 128, 128)),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        ImageCms.ImageCmsProfile(BytesIO(PRINT)),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="CMYK",
    )
    assert expected is not None
    # Levels of ink: we go by way of Lab in floating point, the reference by a grid of its own.
    assert np.abs(pixels(made, "CMYK")[3, 3] - pixels(expected, "CMYK")[0, 0]).max() <= 3


@pytest.mark.parametrize("background", ["#12ab9f", "#010203", "#fefdfc", "#ff0000", "#0000ff"])
def test_in_srgb_a_background_is_its_number(studio: Studio, background: str) -> None:
    file = studio.save(mild(), "in.png")
    made = studio.make(file, pad=1, background=background)
    assert bytes(np.asarray(made)[0, 0]) == bytes.fromhex(background[1:])


# Changes in lightness and chroma, as the Lab of what comes out.
CHANGES: list[tuple[dict[str, object], Any]] = [
    ({"grayscale": True}, lambda lab: lab * (1, 0, 0)),
    ({"modulate": {"brightness": 1.2}}, lambda lab: lab * (1.2, 1, 1)),
    ({"modulate": {"saturation": 0.5}}, lambda lab: lab * (1, 0.5, 0.5)),
    ({"modulate": {"hue": 90}}, lambda lab: np.stack([lab[..., 0], -lab[..., 2], lab[..., 1]], -1)),
    (
        {"tint": "#a08870"},
        lambda lab: (
            lab * (1, 0, 0)
            + (1 - 4 * (lab[..., :1] / 100 - 0.5) ** 2)
            * SRGB.lab(np.array([0xA0, 0x88, 0x70]) / 255)
            * np.array([0, 1, 1])
        ),
    ),
]


@pytest.mark.parametrize(("step", "change"), CHANGES)
@pytest.mark.parametrize("space", ["p3", "keep"])
def test_lightness_and_chroma_are_those_of_the_profile(
    studio: Studio,
    step: dict[str, object],
    change: Any,  # noqa: ANN401 - a function of numpy
    space: str,
) -> None:
    file = studio.save(mild(), "in.png", icc_profile=ADOBE.profile())
    made = studio.make(file, **step, color_space=space)
    shown = {"p3": P3, "keep": ADOBE}[space].lab(levels(made))
    # Into p3, two roundings.
    assert distances(shown, change(ADOBE.lab(levels(mild())))).max() < 1.5 * ROUNDED


@pytest.mark.parametrize("space", ["srgb", "p3", "keep"])
def test_negated_levels_are_those_that_were_missing(studio: Studio, space: str) -> None:
    file = studio.save(mild(), "in.png", icc_profile=ADOBE.profile())
    plain = pixels(studio.make(file, name="plain", color_space=space))
    made = pixels(studio.make(file, name="made", color_space=space, negate=True))
    assert np.abs(made - (255 - plain)).max() == 0


def test_negated_cmyk_is_as_light_as_it_was_dark(studio: Studio) -> None:
    gray = Image.new("CMYK", (40, 40), (0, 0, 0, 60))
    file = studio.save(gray, "in.tiff", icc_profile=PRINT)
    before = SRGB.lab(levels(by_its_profile(open_picture(file))))[0, 0, 0]
    made = studio.make(file, color_space="keep", negate=True)
    after = SRGB.lab(levels(by_its_profile(made)))[0, 0, 0]
    assert after == pytest.approx(100 - before, abs=1.5)


EVERY_STEP: dict[str, object] = {
    "width": 30,
    "height": 30,
    "fit": "cover",
    "position": "attention",
    "trim": True,
    "rotate": 30,
    "blur": 1,
    "sharpen": 1,
    "grayscale": True,
    "normalize": True,
    "modulate": {"brightness": 1.1},
    "tint": "#a08870",
    "gamma": 2.2,
    "negate": True,
    "pad": 3,
    "watermark": {"text": "x", "color": ORANGE},
    "background": "#80808080",
    "format": "tiff",
}


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("space", ["p3", "keep"])
def test_every_step_works_in_every_space(studio: Studio, mode: str, space: str) -> None:
    picture = mild().convert("L") if mode == "I;16" else mild()
    file = studio.save(picture.convert(mode), "in.tiff")
    output = studio.render(file, {**EVERY_STEP, "color_space": space}).outputs[0]
    assert (output.width, output.height) == (36, 36)
    kind = VipsImage.new_from_file(str(studio.file(output))).interpretation
    kept = {"L": "b-w", "LA": "b-w", "CMYK": "cmyk", "I;16": "grey16"}.get(mode, "srgb")
    assert kind == (kept if space == "keep" else "srgb")


def test_a_cut_is_where_it_is_in_srgb(studio: Studio) -> None:
    rows = np.full((40, 120, 3), 30_000, "uint16")
    # To the left are noise in the low byte, which no eye sees, and to the right a few plain fields.
    rows[:, :40] += np.random.default_rng(1).integers(0, 250, (40, 40, 3), dtype="uint16")
    rows[::2, 90:100] = 60_000
    file = deep_png.write(studio.inputs / "in.png", rows)
    asked: dict[str, object] = {"width": 40, "height": 40, "fit": "cover", "position": "entropy"}
    kept = deep_png.read(
        studio.file(studio.render(file, {**asked, "color_space": "keep"}).outputs[0])
    )
    assert kept.max() == 60_000


def test_a_border_of_sixteen_bits_may_stray_as_far_as_one_of_eight(studio: Studio) -> None:
    rows = np.full((40, 60, 3), 30_000, "uint16")
    rows[::2] += 9 * 257
    rows[10:20, 15:30] = 60_000
    file = deep_png.write(studio.inputs / "in.png", rows)
    output = studio.render(file, {"trim": 10, "color_space": "keep"}).outputs[0]
    assert (output.width, output.height) == (15, 10)


def test_gamma_mixes_the_levels_of_the_kept_space(studio: Studio) -> None:
    stripes = np.zeros((60, 80), "uint8")
    stripes[::2] = 200
    file = studio.save(Image.fromarray(stripes).convert("CMYK"), "in.tiff")
    made = pixels(studio.make(file, width=20, gamma=2.2, color_space="keep"), "CMYK")
    # Pillow makes black ink of grey: 255 less its level.
    light = 255 * ((200 / 255) ** 2.2 / 2) ** (1 / 2.2)
    # Lanczos leaves a trace of so fine stripes.
    assert np.abs(made[3:-3, 3:-3, 3] - (255 - light)).max() <= 3
    assert made[..., :3].max() <= 1
