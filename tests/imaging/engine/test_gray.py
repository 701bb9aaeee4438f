"""What is grey is written with one channel, until a colour is added to it."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from imaging import deep_png
from imaging.spaces import gray_profile
from imaging.studio import LIMITS, Studio, difference, gradient, open_picture, pixels

# Formats with a place for grey; others write it as three equal channels.
GRAY_FORMATS = ["jpeg", "png", "tiff"]

ORANGE = "#e07020"


def ramp(mode: str) -> Image.Image:
    """All 256 greys, the alpha of a picture that has one from clear to opaque."""
    levels = np.arange(256, dtype="uint8").reshape(16, 16)
    picture = Image.fromarray(levels)
    if mode == "LA":
        picture.putalpha(Image.fromarray(levels.T.copy()))
    return picture


@pytest.mark.parametrize("format_", GRAY_FORMATS)
@pytest.mark.parametrize("read", ["in.jpg", "in.png", "in.tiff"])
def test_a_gray_input_has_one_channel(studio: Studio, read: str, format_: str) -> None:
    file = studio.save(ramp("L"), read, quality=100)
    made = studio.make(file, format=format_, **({"quality": 100} if format_ == "jpeg" else {}))
    assert made.mode == "L"
    assert np.abs(pixels(made, "L") - pixels(open_picture(file), "L")).max() <= 1


@pytest.mark.parametrize(("format_", "mode"), [("jpeg", "L"), ("png", "LA"), ("tiff", "LA")])
def test_gray_with_alpha_has_two(studio: Studio, format_: str, mode: str) -> None:
    made = studio.make(studio.save(ramp("LA"), "in.png"), format=format_, background="#808080")
    assert made.mode == mode
    if mode == "LA":
        assert np.abs(pixels(made, mode) - pixels(ramp("LA"), mode)).max() == 0
    else:
        level, opacity = np.moveaxis(pixels(ramp("LA"), "LA").astype(float), -1, 0)
        flat = level * opacity / 255 + 128 * (1 - opacity / 255)
        assert np.abs(pixels(made, "L") - flat).mean() < 4


@pytest.mark.parametrize("format_", GRAY_FORMATS)
def test_a_picture_without_its_colors_has_one_channel(studio: Studio, format_: str) -> None:
    made = studio.make(studio.save(gradient(40, 30), "in.png"), format=format_, grayscale=True)
    assert made.mode == "L"


@pytest.mark.parametrize("format_", ["webp", "avif", "gif"])
def test_formats_without_gray_have_equal_channels(studio: Studio, format_: str) -> None:
    made = pixels(studio.make(studio.save(ramp("L"), "in.png"), format=format_))
    assert np.ptp(made, axis=-1).max() <= 1
    assert np.abs(made[..., 0] - pixels(ramp("L"), "L")).mean() < 3


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ({"tint": ORANGE}, (8, 8)),
        ({"pad": 9}, (3, 3)),
        ({"width": 16, "height": 40, "fit": "contain"}, (8, 2)),
        ({"rotate": 45}, (1, 1)),
        ({"watermark": {"text": "█", "color": ORANGE, "scale": 1, "margin": 0}}, (15, 15)),
        ({"watermark": {"image": "logo.png", "scale": 1, "margin": 0}}, (8, 8)),
    ],
)
@pytest.mark.parametrize("gray", ["input", "made"])
def test_a_color_that_is_added_is_seen(
    studio: Studio, step: dict[str, object], place: tuple[int, int], gray: str
) -> None:
    Image.new("RGB", (16, 16), ORANGE).save(studio.inputs / "logo.png")
    source = ramp("L") if gray == "input" else ramp("L").convert("RGB")
    file = studio.save(source, "in.png")
    asked = {"format": "png", "background": ORANGE, "grayscale": gray == "made", **step}
    limits = replace(LIMITS, assets=studio.inputs)
    made = open_picture(studio.file(studio.render(file, asked, limits=limits).outputs[0]))
    # What is added before the colours are taken out is grey.
    is_colored = gray == "input" or not {"rotate", "fit"} & set(step)
    assert made.mode == ("RGB" if is_colored else "L")
    red, _, blue = pixels(made)[place[::-1]]
    assert (red - blue > 20) == is_colored


def test_a_hole_in_gray_shows_the_color_behind_it(studio: Studio) -> None:
    file = studio.save(Image.new("LA", (16, 16), (90, 0)), "in.png")
    asked = {"format": "jpeg", "background": ORANGE, "quality": 100}
    assert np.abs(pixels(studio.make(file, **asked)) - (0xE0, 0x70, 0x20)).max() <= 2


@pytest.mark.parametrize(
    "step",
    [
        {"pad": 3},
        {"tint": "#808080"},
        {"negate": True},
        {"normalize": True},
        {"modulate": {"saturation": 3, "hue": 90}},
        {"sharpen": 1},
        {"blur": 1},
        {"width": 9},
        {"rotate": 30},
        {"watermark": {"text": "x"}},
        {"gamma": 2.2, "width": 9},
    ],
)
def test_gray_steps_leave_it_gray(studio: Studio, step: dict[str, object]) -> None:
    gray = studio.make(studio.save(ramp("L"), "in.png"), name="gray", **step)
    colored = studio.make(studio.save(ramp("L").convert("RGB"), "rgb.png"), name="rgb", **step)
    assert (gray.mode, colored.mode) == ("L", "RGB")
    assert np.abs(pixels(gray) - pixels(colored)).max() <= 1


@pytest.mark.parametrize("kept", ["icc", "all"])
@pytest.mark.parametrize("format_", GRAY_FORMATS)
def test_the_profile_of_gray_has_one_channel_too(studio: Studio, kept: str, format_: str) -> None:
    file = studio.save(ramp("L"), "in.png", icc_profile=gray_profile(1.8))
    made = studio.make(file, format=format_, keep_metadata=kept)
    profile = ImageCms.ImageCmsProfile(BytesIO(made.info["icc_profile"])).profile
    assert (made.mode, profile.xcolor_space.strip()) == ("L", "GRAY")
    shown = (pixels(ramp("L"), "L") / 255) ** 1.8
    coded = np.where(shown <= 0.0031308, shown * 12.92, 1.055 * shown ** (1 / 2.4) - 0.055)
    # Conversion by profiles of 8 bits is off by up to one level before it is rounded.
    assert np.abs(pixels(made, "L") - coded * 255).max() <= (3 if format_ == "jpeg" else 1.5)


@pytest.mark.parametrize("space", ["p3", "keep"])
def test_other_spaces_keep_their_channels(studio: Studio, space: str) -> None:
    made = studio.make(studio.save(gradient(9, 9), "in.png"), grayscale=True, color_space=space)
    assert made.mode == "RGB"
    assert np.ptp(pixels(made), axis=-1).max() <= 1


def test_outputs_of_gray_in_sixteen_bits(studio: Studio) -> None:
    rows = np.linspace(0, 65535, 256).round().astype("uint16").reshape(16, 16)
    file = Path(studio.save(Image.fromarray(rows), "in.png"))
    eight = studio.render(file, {"name": "eight"}, {"name": "deep", "color_space": "keep"}).outputs
    assert difference(open_picture(studio.file(eight[0])), ramp("L"), "L") == 0
    assert np.array_equal(deep_png.read(studio.file(eight[1])).squeeze(), rows)
