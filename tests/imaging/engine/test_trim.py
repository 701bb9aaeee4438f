"""Cutting plain borders, on pictures whose border is known."""

import pytest
from PIL import Image

from imagemill.imaging.errors import TooLarge
from imaging.studio import Studio, delta_e, difference, gradient, noise


def framed(border: tuple[int, ...], inner: Image.Image, mode: str = "RGB") -> Image.Image:
    """Draw 10 pixels of border at the left, 6 on top, and more at the other sides."""
    picture = Image.new(mode, (inner.width + 30, inner.height + 20), border)
    picture.paste(inner, (10, 6))
    return picture


def test_a_plain_border_is_cut_to_the_pixel(studio: Studio) -> None:
    inner = noise(40, 20)
    made = studio.make(studio.save(framed((250, 250, 250), inner), "in.png"), trim=True)
    assert difference(made, inner) == 0


@pytest.mark.parametrize(
    ("trim", "size"), [(True, (3, 3)), (10, (3, 3)), (11, (1, 1)), (9.5, (3, 3))]
)
def test_a_border_may_differ_by_the_threshold(
    studio: Studio, trim: float, size: tuple[int, int]
) -> None:
    picture = Image.new("RGB", (30, 20), (100, 100, 100))
    picture.paste((100, 111, 100), (10, 10, 13, 13))
    picture.paste((200, 100, 100), (11, 11, 12, 12))
    made = studio.make(studio.save(picture, "in.png"), trim=trim)
    assert made.size == size


def test_a_line_of_one_pixel_is_no_border(studio: Studio) -> None:
    picture = Image.new("RGB", (30, 20), (255, 255, 255))
    picture.paste((0, 0, 0), (4, 7, 25, 8))
    assert studio.make(studio.save(picture, "in.png"), trim=True).size == (21, 1)


@pytest.mark.parametrize("trim", [True, 0, 255])
def test_a_picture_of_one_color_stays_whole(studio: Studio, trim: float) -> None:
    picture = Image.new("RGB", (30, 20), (10, 200, 30))
    assert difference(studio.make(studio.save(picture, "in.png"), trim=trim), picture) == 0


def test_a_transparent_border_is_plain_whatever_it_hides(studio: Studio) -> None:
    inner = Image.new("RGBA", (40, 20), (0, 0, 0, 255))
    hidden = noise(70, 40).convert("RGBA")
    hidden.putalpha(0)
    hidden.paste(inner, (10, 6))
    assert difference(studio.make(studio.save(hidden, "in.png"), trim=True), inner, "RGBA") == 0


def test_trimming_comes_after_cropping_and_before_scaling(studio: Studio) -> None:
    inner = gradient(400, 200)
    file = studio.save(framed((0, 0, 255), inner), "in.png")
    area = {"left": 0, "top": 0, "width": 430, "height": 106}
    made = studio.make(file, crop=area, trim=True, width=100)
    expected = inner.crop((0, 0, 400, 100)).resize((100, 25), Image.Resampling.LANCZOS)
    assert made.size == (100, 25)
    # Both scale with Lanczos and round elsewhere.
    assert delta_e(made, expected) < 0.5


def test_a_gray_picture_is_trimmed(studio: Studio) -> None:
    picture = Image.new("L", (30, 20), 255)
    picture.paste(0, (5, 5, 10, 9))
    assert studio.make(studio.save(picture, "in.jpg", quality=95), trim=40).size == (5, 4)


def test_limits_apply_to_the_trimmed_picture(studio: Studio) -> None:
    picture = Image.new("RGB", (17_000, 20), (255, 255, 255))
    picture.paste((0, 0, 0), (100, 5, 400, 10))
    file = studio.save(picture, "in.png")
    assert studio.make(file, trim=True).size == (300, 5)
    with pytest.raises(
        TooLarge, match="Output image would be 17000x20; the limit is 16384 pixels a side"
    ):
        studio.render(file, {})
    with pytest.raises(TooLarge, match="12000x10000, which is 120000000 pixels"):
        studio.render(
            file, {"trim": True, "width": 12_000, "height": 10_000, "fit": "fill", "enlarge": True}
        )
