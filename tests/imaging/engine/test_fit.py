"""What stands where after a resize, against Pillow's own Lanczos filter."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imagemill.imaging.engine.decode import RESIZE_RESERVE
from imaging.studio import Studio, delta_e, difference, gradient, open_picture, pixels


def test_a_resized_picture_looks_as_pillow_resizes_it(studio: Studio) -> None:
    picture = gradient(600, 400)
    ImageDraw.Draw(picture).ellipse((150, 80, 450, 320), fill=(240, 240, 20))
    made = studio.make(studio.save(picture, "in.png"), width=200)
    expected = picture.resize((200, 133), Image.Resampling.LANCZOS)
    assert made.size == (200, 133)
    # Both are Lanczos with three lobes; libvips halves large pictures before, and rounds elsewhere.
    assert delta_e(made, expected) < 0.3


@pytest.mark.parametrize("extension", ["jpg", "webp"])
@pytest.mark.parametrize("width", [50, 120, 250, 420])
def test_shrinking_while_decoding_looks_as_if_the_whole_was_resized(
    studio: Studio, extension: str, width: int
) -> None:
    picture = gradient(1200, 800)
    ImageDraw.Draw(picture).ellipse((300, 160, 900, 640), fill=(240, 240, 20))
    file = studio.save(picture, f"in.{extension}", quality=95)
    made = studio.make(file, width=width, format="png")
    expected = open_picture(file).resize(made.size, Image.Resampling.LANCZOS)
    # The edge of the disc differs where decoders average before the last resize.
    assert delta_e(made, expected) < 0.8


def test_cover_shows_the_middle(studio: Studio) -> None:
    picture = gradient(300, 100)
    made = studio.make(studio.save(picture, "in.png"), width=100, height=100, fit="cover")
    assert difference(made, picture.crop((100, 0, 200, 100))) == 0


def test_fill_squeezes_the_whole_picture(studio: Studio) -> None:
    picture = gradient(300, 100)
    made = studio.make(studio.save(picture, "in.png"), width=100, height=100, fit="fill")
    # The gradient is linear, so squeezing it gives the gradient of the new size, but for rounding.
    assert difference(made, gradient(100, 100)) < 1


def test_contain_sets_the_picture_into_the_middle_of_its_background(studio: Studio) -> None:
    picture = gradient(40, 20)
    file = studio.save(picture, "in.png")
    made = studio.make(file, width=60, height=60, fit="contain", background="#ff8000")
    expected = Image.new("RGB", (60, 60), (255, 128, 0))
    expected.paste(picture, (10, 20))
    assert difference(made, expected) == 0


def test_contain_may_have_a_transparent_background(studio: Studio) -> None:
    file = studio.save(gradient(40, 20), "in.png")
    made = studio.make(file, width=40, height=40, fit="contain", background="#ffffff00")
    alpha = np.asarray(made.convert("RGBA"))[..., 3]
    assert (alpha[:10].max(), alpha[10:30].min(), alpha[30:].max()) == (0, 255, 0)


def test_enlarging_keeps_the_colors_of_the_corners(studio: Studio) -> None:
    picture = gradient(16, 16)
    made = studio.make(studio.save(picture, "in.png"), width=160, enlarge=True)
    # A corner pixel covers the outermost hundredth of the larger picture.
    assert made.size == (160, 160)
    assert np.abs(pixels(made)[0, 0] - pixels(picture)[0, 0]).max() <= 2
    assert np.abs(pixels(made)[-1, -1] - pixels(picture)[-1, -1]).max() <= 2


def test_no_size_leaves_every_pixel_as_it_is(studio: Studio) -> None:
    picture = gradient(64, 48)
    assert difference(studio.make(studio.save(picture, "in.png")), picture) == 0


def test_decoders_leave_a_factor_to_the_last_resize() -> None:
    assert RESIZE_RESERVE > 1
