"""Where a cut or a picture lies, against Pillow's own crop and paste."""

import pytest
from PIL import Image, ImageDraw

from imaging.studio import Studio, difference, gradient, noise, open_picture, pixels

# Shares of what is left over, to the left and on top.
PLACES = {
    "center": (0.5, 0.5),
    "top": (0.5, 0),
    "right top": (1, 0),
    "right": (1, 0.5),
    "right bottom": (1, 1),
    "bottom": (0.5, 1),
    "left bottom": (0, 1),
    "left": (0, 0.5),
    "left top": (0, 0),
}


@pytest.mark.parametrize("position", PLACES)
@pytest.mark.parametrize("size", [(200, 100), (100, 200)])
def test_cover_keeps_the_side_that_is_named(
    studio: Studio, position: str, size: tuple[int, int]
) -> None:
    picture = gradient(*size)
    file = studio.save(picture, "in.png")
    made = studio.make(file, width=100, height=100, fit="cover", position=position)
    across, down = PLACES[position]
    left, top = int((size[0] - 100) * across), int((size[1] - 100) * down)
    assert difference(made, picture.crop((left, top, left + 100, top + 100))) == 0


@pytest.mark.parametrize("position", PLACES)
def test_contain_puts_the_picture_at_the_position(studio: Studio, position: str) -> None:
    picture = gradient(40, 20)
    file = studio.save(picture, "in.png")
    made = studio.make(file, width=60, height=60, fit="contain", position=position)
    expected = Image.new("RGB", (60, 60), (255, 255, 255))
    across, down = PLACES[position]
    expected.paste(picture, (int(20 * across), int(40 * down)))
    assert difference(made, expected) == 0


@pytest.mark.parametrize(
    ("x", "left"), [(0.0, 0), (0.2, 0), (0.25, 0), (0.3, 10), (0.5, 50), (0.745, 99), (1.0, 100)]
)
def test_a_focus_point_is_the_middle_of_the_cut_as_far_as_it_goes(
    studio: Studio, x: float, left: int
) -> None:
    picture = gradient(200, 100)
    focus = {"x": x, "y": 0.9}
    file = studio.save(picture, "in.png")
    made = studio.make(file, width=100, height=100, fit="cover", position=focus)
    assert difference(made, picture.crop((left, 0, left + 100, 100))) == 0


def test_a_focus_point_counts_in_the_turned_and_scaled_picture(studio: Studio) -> None:
    picture = gradient(400, 200)
    file = studio.save(picture, "in.png")
    focus = {"x": 0.5, "y": 1}
    made = studio.make(file, rotate=90, width=50, height=50, fit="cover", position=focus)
    turned = picture.transpose(Image.Transpose.ROTATE_270)
    expected = turned.resize((50, 100), Image.Resampling.LANCZOS).crop((0, 50, 50, 100))
    assert difference(made, expected) < 1


@pytest.mark.parametrize("side", [0, 200])
@pytest.mark.parametrize("format_", ["jpg", "png", "webp"])
def test_entropy_keeps_what_is_busy(studio: Studio, side: int, format_: str) -> None:
    picture = Image.new("RGB", (300, 100), (128, 128, 128))
    picture.paste(noise(100, 100), (side, 0))
    file = studio.save(picture, f"in.{format_}", quality=95)
    made = studio.make(file, width=100, height=100, fit="cover", position="entropy", format="png")
    expected = open_picture(file).crop((side, 0, side + 100, 100))
    # libvips cuts in slices and may leave up to a tenth of the plain part.
    assert difference(made.crop((20, 0, 80, 100)).resize((1, 1)), expected.resize((1, 1))) < 20
    assert len(set(made.convert("L").tobytes())) > 200


@pytest.mark.parametrize("x", [50, 250])
def test_attention_keeps_what_draws_the_eye(studio: Studio, x: int) -> None:
    picture = Image.new("RGB", (300, 100), (120, 125, 120))
    ImageDraw.Draw(picture).ellipse((x - 20, 30, x + 20, 70), fill=(230, 120, 80))
    file = studio.save(picture, "in.png")
    made = studio.make(file, width=100, height=100, fit="cover", position="attention")
    disc = int((pixels(made)[..., 0] > 200).sum())
    # The whole disc is there: pi times 20 squared pixels.
    assert disc == pytest.approx(1257, rel=0.06)


def test_a_strategy_works_on_a_transparent_picture(studio: Studio) -> None:
    picture = gradient(200, 100)
    picture.putalpha(Image.linear_gradient("L").resize((200, 100)))
    file = studio.save(picture, "in.png")
    made = studio.make(file, width=50, height=50, fit="cover", position="attention")
    assert (made.size, made.mode) == ((50, 50), "RGBA")
