"""Turning and mirroring, against Pillow, which counts its angles the other way round."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from imagemill.imaging.engine.geometry import Size, rotate_size
from imaging.studio import Studio, difference, gradient, open_picture, pixels

TURNS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
    -90: Image.Transpose.ROTATE_90,
    450.0: Image.Transpose.ROTATE_270,
}


def slanted(picture: Image.Image, degrees: float, background: tuple[int, ...]) -> Image.Image:
    """Turn on a canvas whose centre is the picture's, of the size imagemill promises."""
    size = rotate_size(Size(*picture.size), degrees)
    larger = Image.new(picture.mode, (picture.width * 3, picture.height * 3), background)
    larger.paste(picture, picture.size)
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    x, y = size.width / 2, size.height / 2
    left = larger.width / 2 - cosine * x - sine * y
    top = larger.height / 2 + sine * x - cosine * y
    return larger.transform(
        (size.width, size.height),
        Image.Transform.AFFINE,
        (cosine, sine, left, -sine, cosine, top),
        Image.Resampling.BICUBIC,
    )


@pytest.mark.parametrize("degrees", TURNS)
def test_quarter_turns_are_clockwise_and_exact(studio: Studio, degrees: float) -> None:
    picture = gradient(60, 40)
    made = studio.make(studio.save(picture, "in.png"), rotate=degrees)
    assert difference(made, picture.transpose(TURNS[degrees])) == 0


def test_flip_exchanges_top_and_bottom(studio: Studio) -> None:
    picture = gradient(60, 40)
    made = studio.make(studio.save(picture, "in.png"), flip=True)
    assert difference(made, ImageOps.flip(picture)) == 0


def test_flop_exchanges_left_and_right(studio: Studio) -> None:
    picture = gradient(60, 40)
    made = studio.make(studio.save(picture, "in.png"), flop=True)
    assert difference(made, ImageOps.mirror(picture)) == 0


def test_a_picture_is_turned_before_it_is_mirrored(studio: Studio) -> None:
    picture = gradient(60, 40)
    made = studio.make(studio.save(picture, "in.png"), rotate=90, flip=True)
    assert difference(made, ImageOps.flip(picture.transpose(TURNS[90]))) == 0


def test_it_is_set_upright_before_it_is_turned(studio: Studio) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = open_picture(studio.save(gradient(60, 40), "in.png", exif=exif))
    made = studio.make(studio.inputs / "in.png", rotate=90, flop=True)
    upright = ImageOps.exif_transpose(stored)
    assert difference(made, ImageOps.mirror(upright.transpose(TURNS[90]))) == 0


def test_size_and_fit_count_in_the_turned_picture(studio: Studio) -> None:
    picture = gradient(1200, 800)
    file = studio.save(picture, "in.jpg", quality=95)
    made = studio.make(file, rotate=90, width=80, format="png")
    expected = open_picture(file).transpose(TURNS[90]).resize((80, 120), Image.Resampling.LANCZOS)
    assert made.size == (80, 120)
    # The decoder of JPEG has shrunk it by averaging first.
    assert difference(made, expected) < 1


@pytest.mark.parametrize("degrees", [30, -12.5, 135, 200])
def test_other_angles_grow_the_picture_onto_its_background(studio: Studio, degrees: float) -> None:
    picture = gradient(120, 80)
    made = studio.make(studio.save(picture, "in.png"), rotate=degrees, background="#0000ff")
    expected = slanted(picture, degrees, (0, 0, 255))
    assert made.size == expected.size
    # Both are bicubic; libvips takes positions in steps of a 64th of a pixel, seen at the edges.
    assert difference(made, expected) < 0.5
    assert tuple(pixels(made)[0, 0]) == (0, 0, 255)


def test_the_canvas_is_as_large_as_the_turned_corners_reach() -> None:
    assert rotate_size(Size(100, 100), 45) == Size(141, 141)
    assert rotate_size(Size(200, 100), 30) == Size(223, 187)
    assert rotate_size(Size(1, 1), 45) == Size(1, 1)


def test_transparent_corners_take_no_color_along(studio: Studio) -> None:
    file = studio.save(Image.new("RGB", (90, 60), (255, 0, 0)), "in.png")
    made = pixels(studio.make(file, rotate=45, background="#00ff0000"), "RGBA")
    seen = made[made[..., 3] > 16]
    assert made[0, 0, 3] == 0
    assert made[53, 53].tolist() == [255, 0, 0, 255]
    # Edges are half red, half nothing; a level of 255 is lost to rounding a faint pixel.
    assert seen[:, 1].max() <= 1
    assert seen[:, 0].min() >= 240


def test_a_half_transparent_background_stays_half_transparent(studio: Studio) -> None:
    file = studio.save(Image.new("RGB", (40, 40), (255, 0, 0)), "in.png")
    made = pixels(studio.make(file, rotate=45, background="#00ff0080"), "RGBA")
    assert np.abs(made[0, 0] - (0, 255, 0, 128)).max() <= 1


def test_a_gray_picture_gets_a_colored_background(studio: Studio) -> None:
    file = studio.save(Image.new("L", (40, 40), 100), "in.png")
    made = pixels(studio.make(file, rotate=45, background="#ff8000"))
    assert made[0, 0].tolist() == [255, 128, 0]
    assert made[28, 28].tolist() == [100, 100, 100]


def test_a_slanted_picture_may_be_decoded_small(studio: Studio) -> None:
    picture = gradient(1200, 800)
    file = studio.save(picture, "in.jpg", quality=95)
    made = studio.make(file, rotate=30, width=100, background="#0000ff", format="png")
    expected = slanted(open_picture(file), 30, (0, 0, 255))
    # Turning the small one is softer at its four edges, and nowhere else.
    assert difference(made, expected.resize(made.size, Image.Resampling.LANCZOS)) < 1.5


@pytest.mark.parametrize("size", [(1, 120), (200, 2), (120, 7)])
@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
def test_a_narrow_picture_does_not_vanish_when_it_is_slanted(
    studio: Studio, size: tuple[int, int], extension: str
) -> None:
    file = studio.save(Image.new("RGB", size, (255, 0, 0)), f"in.{extension}")
    made = studio.make(file, rotate=45, width=20, format="png")
    # Some of the white canvas has turned reddish.
    assert pixels(made)[..., 1].min() < 240
