import numpy as np
import pytest
from PIL import Image

from imaging.studio import Studio, difference, gradient, open_picture, pixels

FITS = ["inside", "outside", "fill", "cover", "contain"]


def red_dots_in_hidden_green() -> Image.Image:
    """Every other pixel is opaque red, the others are invisible, and green."""
    dots = np.zeros((80, 80, 4), dtype="uint8")
    dots[...] = (0, 255, 0, 0)
    dots[::2, ::2] = dots[1::2, 1::2] = (255, 0, 0, 255)
    return Image.fromarray(dots)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("beside", [(), ({"name": "also", "width": 10},)])
def test_colors_of_invisible_pixels_stay_invisible(
    studio: Studio, fit: str, beside: tuple[dict[str, object], ...]
) -> None:
    file = studio.save(red_dots_in_hidden_green(), "in.png")
    shown: dict[str, object] = {"width": 16, "height": 16, "fit": fit}
    made = pixels(open_picture(studio.file(studio.render(file, shown, *beside).outputs[0])), "RGBA")
    middle = made[4:-4, 4:-4]
    # Half of each area is opaque. Without weighing, red and green would mix to about 128 each.
    assert np.abs(middle[..., 3] - 128).max() <= 3
    assert middle[..., 0].min() >= 253
    assert middle[..., 1].max() <= 2


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("space", ["srgb", "keep"])
def test_half_transparent_pixels_count_by_half(studio: Studio, fit: str, space: str) -> None:
    dots = np.zeros((80, 80, 4), dtype="uint8")
    dots[...] = (255, 0, 0, 64)
    dots[::2, ::2] = dots[1::2, 1::2] = (0, 100, 255, 192)
    file = studio.save(Image.fromarray(dots), "in.png")
    made = studio.make(file, width=16, height=16, fit=fit, color_space=space)
    # Opacity is the mean, and colours the mean weighed by opacity.
    alpha = dots[:2, :2, 3].astype(float)
    mean = np.average(dots[:2, :2, :3].reshape(4, 3), axis=0, weights=alpha.ravel())
    # The mixing is in whole numbers of weighed colours: one of 255 is two at half opacity.
    middle = pixels(made, "RGBA")[4:-4, 4:-4]
    assert np.abs(middle - (*mean, alpha.mean())).max() <= 2


def test_webp_with_alpha_is_not_shrunk_by_its_decoder(studio: Studio) -> None:
    file = studio.save(red_dots_in_hidden_green(), "in.webp", quality=95, exact=True)
    made = pixels(studio.make(file, width=16, format="png"), "RGBA")
    # The encoder blurs a little green into the dots; libwebp's own scaling gives 30 and more.
    assert made[4:-4, 4:-4, 1].max() <= 8


def test_opaque_pixels_come_through_a_resize_opaque(studio: Studio) -> None:
    picture = gradient(90, 60)
    made = studio.make(studio.save(picture.convert("RGBA"), "in.png"), width=30)
    assert made.mode == "RGBA"
    assert pixels(made, "RGBA")[..., 3].min() == 255
    assert difference(made, picture.resize((30, 20), Image.Resampling.LANCZOS)) < 1


def test_a_format_without_alpha_shows_the_background(studio: Studio) -> None:
    half = Image.new("RGBA", (32, 32), (255, 0, 0, 128))
    file = studio.save(half, "in.png")
    on_blue = pixels(studio.make(file, format="jpeg", background="#0000ff", quality=100))
    on_white = pixels(studio.make(file, format="jpeg", quality=100))
    # 128 of 255 of red over the background; JPEG rounds.
    assert np.abs(on_blue[16, 16] - (128, 0, 127)).max() <= 2
    assert np.abs(on_white[16, 16] - (255, 127, 127)).max() <= 2


@pytest.mark.parametrize("format_", ["png", "webp", "avif", "tiff"])
def test_a_format_with_alpha_keeps_it(studio: Studio, format_: str) -> None:
    half = Image.new("RGBA", (32, 32), (255, 0, 0, 128))
    made = studio.make(studio.save(half, "in.png"), format=format_, background="#00f")
    assert made.convert("RGBA").getpixel((16, 16)) == pytest.approx((255, 0, 0, 128), abs=2)


def test_gray_with_alpha_and_sixteen_bits_keep_it_too(studio: Studio) -> None:
    gray = Image.new("LA", (32, 32), (200, 100))
    made = studio.make(studio.save(gray, "in.png"), width=16)
    assert made.convert("RGBA").getpixel((8, 8)) == pytest.approx((200, 200, 200, 100), abs=1)


def test_beside_a_mark_colors_of_invisible_pixels_stay(studio: Studio) -> None:
    hidden = Image.new("RGBA", (80, 40), (10, 200, 30, 0))
    mark = {"text": ".", "scale": 1, "margin": 0, "position": "center", "opacity": 1}
    made = pixels(studio.make(studio.save(hidden, "in.png"), watermark=mark), "RGBA")
    assert made[20, 40, 3] == 255
    unseen = made[made[..., 3] == 0]
    assert len(unseen) > 0
    assert np.abs(unseen - (10, 200, 30, 0)).max() == 0
