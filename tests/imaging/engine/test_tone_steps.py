"""Steps that change colours, against the formulas of CIE Lab in `studio.lab`.

Tolerances are in CIE76: a level of 8 bits in each channel comes to about 1.2 of it.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from imaging.studio import Studio, difference, gradient, lab, pixels

ROUNDING = 1.2


def mild(low: int = 100, high: int = 150) -> Image.Image:
    """Colours so dull that no change below leaves what sRGB can show."""
    return Image.fromarray(
        np.interp(pixels(gradient(60, 40)), (0, 255), (low, high)).round().astype("uint8")
    )


def strays(made: Image.Image, expected: NDArray[np.float64]) -> float:
    """Return the largest colour difference."""
    return float(np.linalg.norm(lab(made) - expected, axis=-1).max())


def test_grayscale_keeps_lightness_and_nothing_else(studio: Studio) -> None:
    picture = gradient(60, 40)
    made = studio.make(studio.save(picture, "in.png"), grayscale=True)
    assert strays(made, lab(picture) * (1, 0, 0)) < ROUNDING


def test_negate_is_the_difference_to_white(studio: Studio) -> None:
    picture = gradient(60, 40)
    made = studio.make(studio.save(picture, "in.png"), negate=True)
    assert difference(made, ImageOps.invert(picture)) == 0


def test_tint_gives_its_chroma_to_every_pixel_by_its_lightness(studio: Studio) -> None:
    picture = mild(20, 235)
    made = studio.make(studio.save(picture, "in.png"), tint="#887868")
    assert strays(made, tinted(lab(picture), (0x88, 0x78, 0x68))) < ROUNDING


GREYS = (0, 64, 128, 192, 255)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P"])
@pytest.mark.parametrize(
    ("tint", "colors"),
    [
        ("#ff0000", [(0, 0, 0), (150, 0, 0), (255, 9, 2), (255, 145, 109), (255, 255, 255)]),
        ("#0000ff", [(0, 0, 0), (42, 19, 200), (126, 75, 255), (214, 160, 255), (255, 255, 255)]),
        ("#808080", [(0, 0, 0), (64, 64, 64), (128, 128, 128), (192, 192, 192), (255, 255, 255)]),
    ],
)
def test_tinted_black_is_black_and_tinted_white_is_white(
    studio: Studio, mode: str, tint: str, colors: list[tuple[int, int, int]]
) -> None:
    picture = Image.fromarray(np.array([GREYS], "uint8")).convert(mode)
    made = pixels(studio.make(studio.save(picture, "in.png"), tint=tint))[0]
    of_tint = (int(tint[1:3], 16), int(tint[3:5], 16), int(tint[5:], 16))
    formula = from_lab(tinted(lab(picture), of_tint)[0])
    assert np.abs(formula - colors).max() < 0.51
    assert np.abs(made - colors).max() <= 1


def tinted(of: NDArray[np.float64], tint: tuple[int, int, int]) -> NDArray[np.float64]:
    """Return L of the picture, and a and b of the tint times 1 - 4 (L - 0.5)^2, L from 0 to 1."""
    light = of[..., :1]
    chroma = lab(Image.new("RGB", (1, 1), tint))[0, 0, 1:]
    return np.concatenate([light, (1 - 4 * (light / 100 - 0.5) ** 2) * chroma], -1)


def from_lab(of: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return red, green and blue, 0 to 255, of CIE Lab (D65), cut to what sRGB can show."""
    y = (of[..., 0] + 16) / 116
    f = np.stack([y + of[..., 1] / 500, y, y - of[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * (0.9505, 1.0, 1.0890)
    to_linear = np.array(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )
    linear = (xyz @ to_linear.T).clip(0, 1)
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(255 * coded)


@pytest.mark.parametrize("asked", [{"brightness": 1.2}, {"saturation": 0.5}, {"hue": 50}, {}])
def test_modulate_scales_lightness_and_chroma_and_turns_hue(
    studio: Studio, asked: dict[str, float]
) -> None:
    picture = mild()
    made = studio.make(studio.save(picture, "in.png"), modulate=asked)
    factors = {"brightness": 1, "saturation": 1, "hue": 0} | asked
    light, a, b = np.moveaxis(lab(picture), -1, 0)
    chroma = np.hypot(a, b) * factors["saturation"]
    hue = np.arctan2(b, a) + np.radians(factors["hue"])
    expected = [light * factors["brightness"], chroma * np.cos(hue), chroma * np.sin(hue)]
    assert strays(made, np.stack(expected, -1)) < ROUNDING


def test_normalize_stretches_lightness_to_black_and_white(studio: Studio) -> None:
    ramp = np.linspace(60, 180, 400).round().astype("uint8")
    picture = Image.fromarray(np.tile(ramp, (10, 1))).convert("RGB")
    made = studio.make(studio.save(picture, "in.png"), normalize=True)
    light = lab(picture)[..., 0]
    low, high = np.percentile(light, (1, 99))
    expected = np.clip((light - low) / (high - low) * 100, 0, 100)
    # The levels of the input are 0.4 apart, and the percentile takes one of them.
    assert np.abs(lab(made)[..., 0] - expected).max() < 1.5


CORNERS = [(red, green, blue) for red in (0, 255) for green in (0, 255) for blue in (0, 255)]


@pytest.mark.parametrize("brightness", [0, 0.05, 0.3])
def test_a_darkened_corner_of_the_gamut_is_about_as_dark_as_a_grey(
    studio: Studio, brightness: float
) -> None:
    picture = Image.fromarray(np.array([CORNERS], "uint8"))
    made = studio.make(studio.save(picture, "in.png"), modulate={"brightness": brightness})
    light = lab(picture)[..., 0] * brightness
    # A corner that has no color so dark with so much chroma is lighter than asked for.
    assert (lab(made)[..., 0] - light).max() < 8 * (brightness > 0) + 0.01
    assert np.abs(pixels(made)[0, 0]).max() == 0


def test_normalize_counts_what_can_be_seen(studio: Studio) -> None:
    ramp = np.linspace(60, 180, 400).round().astype("uint8")
    picture = Image.fromarray(np.tile(ramp, (10, 1))).convert("RGBA")
    alone = studio.make(studio.save(picture, "in.png"), name="alone", normalize=True)
    around = Image.new("RGBA", (400, 30), (0, 0, 0, 0))
    around.paste(picture, (0, 10))
    made = studio.make(studio.save(around, "in.png"), normalize=True)
    assert difference(made.crop((0, 10, 400, 20)), alone) == 0


@pytest.mark.parametrize("color", [(0, 0, 0, 0), (90, 120, 60, 0)])
def test_normalize_leaves_what_nobody_sees_alone(
    studio: Studio, color: tuple[int, int, int, int]
) -> None:
    picture = Image.new("RGBA", (20, 20), color)
    made = studio.make(studio.save(picture, "in.png"), normalize=True)
    assert difference(made, picture, "RGBA") == 0


def test_normalize_leaves_a_plain_picture_alone(studio: Studio) -> None:
    picture = Image.new("RGB", (20, 20), (90, 120, 60))
    made = studio.make(studio.save(picture, "in.png"), normalize=True)
    assert np.abs(pixels(made) - pixels(picture)).max() <= 1


@pytest.mark.parametrize(
    "step",
    [
        {"grayscale": True},
        {"negate": True},
        {"normalize": True},
        {"tint": "#c08040"},
        {"modulate": {"brightness": 0.5}},
    ],
)
def test_opacity_is_left(studio: Studio, step: dict[str, object]) -> None:
    picture = gradient(60, 40)
    picture.putalpha(Image.linear_gradient("L").resize((60, 40)))
    made = studio.make(studio.save(picture, "in.png"), **step)
    assert difference(made.getchannel("A"), picture.getchannel("A"), "L") == 0
    opaque = studio.make(studio.save(picture.convert("RGB"), "opaque.png"), **step)
    assert difference(made, opaque) == 0


def test_colors_change_after_scaling_in_the_documented_order(studio: Studio) -> None:
    file = studio.save(mild(), "in.png")
    made = studio.make(file, grayscale=True, tint="#a08870", negate=True)
    before = studio.make(file, name="tinted", grayscale=True, tint="#a08870")
    assert difference(made, ImageOps.invert(before.convert("RGB"))) == 0
    # Grey takes the tint, and not the other way round.
    assert np.ptp(pixels(before)[20, 30]) > 10
