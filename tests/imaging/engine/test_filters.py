"""Blur, sharpen and gamma, against their formulas in numpy."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging.studio import Studio, delta_e, difference, gradient, lab, open_picture, pixels

Plane = NDArray[np.float64]


def scene() -> Image.Image:
    """Draw soft ground with hard edges on it."""
    picture = gradient(120, 80)
    ImageDraw.Draw(picture).rectangle((30, 20, 80, 60), fill=(70, 110, 150))
    return picture


def gaussian(plane: Plane, sigma: float, cut_off: float) -> Plane:
    """Convolve both ways with a Gaussian that ends below `cut_off` of its peak."""
    reach = int(sigma * np.sqrt(-2 * np.log(cut_off)))
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    padded = np.pad(plane, reach, mode="edge")
    for axis in (0, 1):
        padded = np.apply_along_axis(np.convolve, axis, padded, kernel, mode="valid")
    return padded


@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.5, 20.0])
def test_blur_is_a_gaussian_of_its_sigma(studio: Studio, sigma: float) -> None:
    made = pixels(studio.make(studio.save(scene(), "in.png"), blur=sigma))
    planes = np.moveaxis(pixels(scene()).astype(float), -1, 0)
    expected = np.stack([gaussian(plane, sigma, 1e-4) for plane in planes], -1)
    # The kernel ends at a hundredth, and a wide one is counted in whole numbers.
    assert np.abs(made - expected).max() < 2
    assert np.abs(made - expected).mean() < 0.6


def test_blur_does_not_mix_in_hidden_colors(studio: Studio) -> None:
    picture = Image.new("RGBA", (60, 40), (0, 255, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 30, 40))
    made = pixels(studio.make(studio.save(picture, "in.png"), blur=3), "RGBA")
    seen = made[made[..., 3] > 16]
    # A level lost in a pixel of a sixteenth's opacity is sixteen of its colour.
    assert seen[:, 0].min() >= 239
    assert seen[:, 1].max() <= 1
    assert abs(made[20, 29, 3] - made[20, 30, 3]) < 50


@pytest.mark.parametrize("sigma", [0.8, 2.0])
def test_sharpen_adds_what_a_blur_takes_from_lightness(studio: Studio, sigma: float) -> None:
    """Source: libvips' documentation of vips_sharpen, and sharp's of its amounts."""
    made = lab(studio.make(studio.save(scene(), "in.png"), sharpen=sigma))
    expected = lab(scene())
    detail = expected[..., 0] - gaussian(expected[..., 0], sigma, 0.1)
    beyond = np.sign(detail) * np.maximum(np.abs(detail) - 2, 0)
    expected[..., 0] += np.clip(np.clip(detail, -2, 2) + 2 * beyond, -20, 10)
    # Where a colour leaves sRGB it is cut to it, at some of the edges only.
    assert np.linalg.norm(made - expected, axis=-1).mean() < 0.8
    assert np.ptp(made[..., 0]) > np.ptp(lab(scene())[..., 0])


def test_sharpen_takes_no_edge_of_opacity_for_one_of_light(studio: Studio) -> None:
    picture = Image.new("RGBA", (60, 40), (0, 255, 0, 0))
    picture.paste((150, 90, 60, 255), (0, 0, 30, 40))
    made = pixels(studio.make(studio.save(picture, "in.png"), sharpen=2), "RGBA")
    assert np.abs(made[:, :30] - (150, 90, 60, 255)).max() <= 2
    assert made[:, 30:, 3].max() == 0


def stripes() -> Image.Image:
    rows = np.zeros((60, 80, 3), dtype="uint8")
    rows[::2] = 200
    return Image.fromarray(rows)


@pytest.mark.parametrize("gamma", [1.0, 2.2, 3.0])
def test_gamma_mixes_darkened_pixels(studio: Studio, gamma: float) -> None:
    file = studio.save(stripes(), "in.png")
    made = pixels(studio.make(file, width=20, gamma=gamma))
    expected = 255 * ((200 / 255) ** gamma / 2) ** (1 / gamma)
    # Lanczos leaves a trace of so fine stripes.
    assert np.abs(made[3:-3, 3:-3] - expected).max() <= 3


def test_gamma_holds_for_what_a_decoder_could_have_averaged(studio: Studio) -> None:
    file = studio.save(stripes().resize((640, 480), Image.Resampling.NEAREST), "in.jpg", quality=98)
    made = pixels(studio.make(file, width=40, gamma=2.2, format="png"))
    rendered = studio.render(
        file, {"width": 300}, {"name": "b", "width": 40, "gamma": 2.2, "format": "png"}
    )
    beside = pixels(open_picture(studio.file(rendered.outputs[1])))
    expected = 255 * ((200 / 255) ** 2.2 / 2) ** (1 / 2.2)
    assert np.abs(made[3:-3, 3:-3] - expected).mean() <= 4
    assert np.abs(beside - made).max() <= 1


def test_gamma_leaves_plain_colors_and_opacity(studio: Studio) -> None:
    picture = Image.new("RGBA", (60, 40), (3, 120, 250, 128))
    made = studio.make(studio.save(picture, "in.png"), width=20, gamma=2.2)
    assert np.abs(pixels(made, "RGBA") - (3, 120, 250, 128)).max() <= 1


def test_gamma_alone_changes_nothing(studio: Studio) -> None:
    made = studio.make(studio.save(scene(), "in.png"), gamma=2.2)
    assert difference(made, scene()) == 0


def test_filters_come_after_scaling(studio: Studio) -> None:
    file = studio.save(scene(), "in.png")
    small = studio.save(studio.make(file, width=60), "small.png")
    both = studio.make(file, width=60, blur=2, sharpen=1)
    assert delta_e(both, studio.make(small, blur=2, sharpen=1)) == 0
