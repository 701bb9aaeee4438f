"""What `lossless`, `effort` and `progressive` do to a file, as Pillow reads it."""

import numpy as np
import pytest

from imaging.studio import Studio, gradient, noise, open_picture, pixels


@pytest.mark.parametrize("format_", ["webp", "avif", "png", "tiff"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_without_loss_every_pixel_comes_through(studio: Studio, format_: str, mode: str) -> None:
    picture = noise(64, 48, len(mode))
    if mode == "RGBA":  # colours of pixels that nobody sees are kept too
        alpha = picture.getchannel("A").point(lambda level: 0 if level < 100 else level)
        picture.putalpha(alpha)
    made = studio.make(studio.save(picture, "in.png"), format=format_, lossless=True)
    assert made.mode == mode
    assert np.array_equal(pixels(made, mode), pixels(picture, mode))


@pytest.mark.parametrize("format_", ["webp", "avif"])
def test_with_loss_pixels_change(studio: Studio, format_: str) -> None:
    picture = noise(64, 48)
    made = studio.make(studio.save(picture, "in.png"), format=format_, lossless=False)
    assert not np.array_equal(pixels(made), pixels(picture))


@pytest.mark.parametrize(
    ("format_", "low", "high"),
    [("webp", 0, 6), ("avif", 0, 3), ("gif", 1, 10), ("png", 1, 9), ("tiff", 1, 9)],
)
def test_effort_makes_files_smaller(studio: Studio, format_: str, low: int, high: int) -> None:
    file = studio.save(gradient(200, 200).rotate(30), "in.png")
    little, much = studio.render(
        file,
        {"name": "little", "format": format_, "effort": low},
        {"name": "much", "format": format_, "effort": high},
    ).outputs
    assert much.bytes < little.bytes


@pytest.mark.parametrize(("format_", "mark"), [("jpeg", "progressive"), ("png", "interlace")])
@pytest.mark.parametrize("progressive", [True, False])
def test_progressive_files_come_in_finer_steps(
    studio: Studio, format_: str, mark: str, *, progressive: bool
) -> None:
    file = studio.save(gradient(60, 40), "in.png")
    output = studio.render(file, {"format": format_, "progressive": progressive}).outputs[0]
    made = open_picture(studio.file(output))
    made.load()
    assert bool(made.info.get(mark)) is progressive


@pytest.mark.parametrize("format_", ["webp", "avif"])
def test_no_effort_is_less_than_the_usual(studio: Studio, format_: str) -> None:
    none, usual = studio.render(
        studio.save(gradient(200, 200).rotate(30), "in.png"),
        {"name": "none", "format": format_, "effort": 0},
        {"name": "usual", "format": format_},
    ).outputs
    assert none.sha256 != usual.sha256
