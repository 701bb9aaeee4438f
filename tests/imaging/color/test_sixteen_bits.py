"""Pictures of 16 bits a channel, and what is kept of them."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from imagemill.imaging.libvips import Image as VipsImage
from imagemill.imaging.libvips import get_int
from imaging import deep_png
from imaging.spaces import ADOBE
from imaging.studio import Studio, open_picture, pixels


def test_every_bit_of_sixteen_is_kept(studio: Studio) -> None:
    file = deep_png.write(studio.inputs / "in.png", deep_png.gradient(), ADOBE.profile())
    output = studio.render(file, {"color_space": "keep"}).outputs[0]
    assert np.array_equal(deep_png.read(studio.file(output)), deep_png.gradient())
    assert open_picture(studio.file(output)).info["icc_profile"] == ADOBE.profile()


def test_sixteen_bits_with_alpha_are_kept_through_a_resize(studio: Studio) -> None:
    plain = np.full((40, 60, 4), (60_001, 3_003, 40_005, 30_007), "uint16")
    file = deep_png.write(studio.inputs / "in.png", plain, ADOBE.profile())
    made = deep_png.read(
        studio.file(studio.render(file, {"color_space": "keep", "width": 20}).outputs[0])
    )
    # Weighed by an opacity of half, a rounding of 65535 counts twice.
    assert np.abs(made.astype(int) - plain[0, 0]).max() <= 2


def test_white_and_opaque_of_sixteen_bits_stay_so(studio: Studio) -> None:
    white = np.full((40, 60, 4), 65535, "uint16")
    file = deep_png.write(studio.inputs / "in.png", white)
    made = studio.file(studio.render(file, {"color_space": "keep", "width": 20}).outputs[0])
    assert deep_png.read(made).min() == 65535


@pytest.mark.parametrize("extension", ["png", "tiff"])
@pytest.mark.parametrize("format_", ["png", "tiff"])
def test_gray_of_sixteen_bits_is_kept_in_png_and_tiff(
    studio: Studio, extension: str, format_: str
) -> None:
    fine = deep_png.gradient()[..., 0]
    file = studio.save(Image.fromarray(fine), f"in.{extension}")
    made = studio.make(file, format=format_, color_space="keep")
    assert np.array_equal(np.asarray(made), fine)


@pytest.mark.parametrize("format_", ["jpeg", "png", "webp", "avif", "tiff"])
@pytest.mark.parametrize("space", ["srgb", "p3"])
def test_only_keep_has_sixteen_bits(studio: Studio, format_: str, space: str) -> None:
    file = deep_png.write(studio.inputs / "in.png", deep_png.gradient())
    made = studio.file(studio.render(file, {"format": format_, "color_space": space}).outputs[0])
    found = VipsImage.new_from_file(str(made))
    assert (found.format, number_of_bits(found)) == ("uchar", 8)


@pytest.mark.parametrize("format_", ["jpeg", "webp", "avif"])
def test_sixteen_bits_become_eight_where_they_cannot_be_kept(studio: Studio, format_: str) -> None:
    plain = np.full((40, 60, 3), (60_000, 3_000, 40_000), "uint16")
    file = deep_png.write(studio.inputs / "in.png", plain, ADOBE.profile())
    rendered = studio.render(file, {"format": format_, "color_space": "keep", "quality": 100})
    made = open_picture(studio.file(rendered.outputs[0]))
    assert number_of_bits(VipsImage.new_from_file(str(studio.file(rendered.outputs[0])))) == 8
    assert np.abs(pixels(made) - (60_000 / 257, 3_000 / 257, 40_000 / 257)).max() <= 2.5
    assert made.info["icc_profile"] == ADOBE.profile()


def number_of_bits(image: Any) -> int:  # noqa: ANN401 - pyvips has no types
    """Return the bits a channel; JPEG and WebP, which know no others, do not say that it is 8."""
    return get_int(image, "bits-per-sample", 8)
