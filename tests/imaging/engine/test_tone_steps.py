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


def test_tint_gives_its_chroma_to_every_pixel(studio: Studio) -> None:
    picture = mild()
    made = studio.make(studio.save(picture, "in.png"), tint="#a08870")
    of_tint = lab(Image.new("RGB", (1, 1), (0xA0, 0x88, 0x70)))[0, 0]
    expected = lab(picture) * (1, 0, 0) + of_tint * (0, 1, 1)
    assert strays(made, expected) < ROUNDING


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
