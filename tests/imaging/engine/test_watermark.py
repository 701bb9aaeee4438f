"""Where and how watermarks are drawn, against Porter and Duff's formula."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Pipeline
from imaging.image_processes import render_file
from imaging.studio import LIMITS, Studio, difference, gradient, noise, open_picture, pixels
from imaging.watermarks import BLACK, bounds, logo, render_marked, watermark_of

# Left and top of a mark of 20x10 in a picture of 101x61 with a margin of 5.
PLACES = {
    "center": (40, 25),
    "top": (40, 5),
    "right top": (76, 5),
    "right": (76, 25),
    "right bottom": (76, 46),
    "bottom": (40, 46),
    "left bottom": (5, 46),
    "left": (5, 25),
    "left top": (5, 5),
}

# Both the mark's opacity and the result are rounded to 8 bits: half a level each.
ROUNDED_TWICE = 1


def composite(
    below: Image.Image, above: Image.Image, at: tuple[int, int], opacity: float
) -> Image.Image:
    """Compose by "over" as Porter and Duff have it, in floats: colours weighed by their alpha."""
    under = np.asarray(below.convert("RGBA")) / 255
    over = np.zeros_like(under)
    left, top = at
    over[top : top + above.height, left : left + above.width] = np.asarray(above) / 255
    over[..., 3] *= opacity
    alpha = over[..., 3:] + under[..., 3:] * (1 - over[..., 3:])
    weighed = over[..., :3] * over[..., 3:] + under[..., :3] * under[..., 3:] * (1 - over[..., 3:])
    colors = np.divide(weighed, alpha, out=np.zeros_like(weighed), where=alpha > 0)
    return Image.fromarray((np.dstack([colors, alpha]) * 255).round().astype("uint8"))


def max_difference(one: Image.Image, other: Image.Image, mode: str = "RGB") -> int:
    return int(np.abs(pixels(one, mode) - pixels(other, mode)).max())


@pytest.mark.parametrize("position", PLACES)
def test_an_image_is_at_its_position(studio: Studio, assets: Path, position: str) -> None:
    picture, mark = gradient(101, 61), logo(20, 10)
    mark.save(assets / "logo.png")
    made = render_marked(
        studio, picture, assets,
        image="logo.png", position=position, margin=5, scale=20 / 101, opacity=0.7,
    )  # fmt: skip
    expected = composite(picture, mark, PLACES[position], 0.7)
    assert max_difference(made, expected) <= ROUNDED_TWICE
    assert made.mode == "RGB"


@pytest.mark.parametrize("opacity", [0, 0.01, 0.5, 1])
def test_opacity_multiplies_the_alpha_of_the_watermark(
    studio: Studio, assets: Path, opacity: float
) -> None:
    picture, mark = gradient(100, 60), logo(50, 30)
    mark.save(assets / "logo.png")
    made = render_marked(
        studio, picture, assets, image="logo.png", scale=0.5, margin=0, opacity=opacity
    )
    assert max_difference(made, composite(picture, mark, (50, 30), opacity)) <= ROUNDED_TWICE


def test_on_a_transparent_picture_the_mark_keeps_its_own_alpha(
    studio: Studio, assets: Path
) -> None:
    picture, mark = noise(100, 60, bands=4), logo(50, 30)
    picture.paste((10, 20, 30, 0), (0, 0, 100, 45))
    mark.save(assets / "logo.png")
    made = render_marked(studio, picture, assets, image="logo.png", scale=0.5, margin=0)
    expected = composite(picture, mark, (50, 30), 0.5)
    assert max_difference(made.getchannel("A"), expected.getchannel("A"), "L") <= ROUNDED_TWICE
    # What is hardly there may be off in colour, since 8 bits cannot hold it: so as it is seen.
    for ground in ("black", "white"):
        seen, wanted = (
            Image.alpha_composite(Image.new("RGBA", made.size, ground), one)
            for one in (made, expected)
        )
        assert max_difference(seen, wanted) <= 2 * ROUNDED_TWICE
    untouched = (0, 0, 100, 30)
    assert made.crop(untouched).tobytes() == picture.crop(untouched).tobytes()


def test_defaults_are_a_quarter_of_the_width_at_the_right_bottom_with_half_opacity(
    studio: Studio,
) -> None:
    made = render_marked(studio, BLACK, text="-")
    assert bounds(made, BLACK) == pytest.approx((584, 320, 784, 384), abs=1)
    assert pixels(made)[350, 700].tolist() == [128, 128, 128]


def test_a_mark_on_gray_may_be_colored(studio: Studio) -> None:
    output = {"grayscale": True}
    watermark = watermark_of("-", color="#ff0000", scale=0.5)
    made = pixels(render_marked(studio, gradient(100, 60), output=output, **watermark))
    assert made[30, 50].tolist() == [255, 0, 0]
    assert np.ptp(made[:, :10], axis=2).max() <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16"])
def test_a_picture_without_colors_gets_a_colored_mark(studio: Studio, mode: str) -> None:
    made = render_marked(studio, Image.new(mode, (100, 60)), **watermark_of("-", color="#0000ff"))
    assert pixels(made)[30, 50].tolist() == [0, 0, 255]


def test_a_picture_that_is_too_long_to_be_read_twice_can_be_marked(studio: Studio) -> None:
    picture = gradient(500, 5000)
    made = render_marked(studio, picture, text="imagemill", position="center")
    _, top, _, bottom = bounds(made, picture)
    assert top + bottom == pytest.approx(5000, abs=2)
    assert difference(made.crop((0, 4000, 500, 5000)), picture.crop((0, 4000, 500, 5000))) == 0


def test_a_mark_is_drawn_last_on_what_pad_added(studio: Studio) -> None:
    output = {"pad": {"bottom": 100}, "negate": True, "background": "#000"}
    made = render_marked(studio, gradient(200, 50), output=output, text="imagemill", opacity=1)
    ground = Image.new("RGB", (200, 150))
    _, top, _, bottom = bounds(made.crop((0, 60, 200, 150)), ground.crop((0, 60, 200, 150)))
    assert 0 < top < bottom == 90 - 16


@pytest.mark.parametrize("format_", ["jpeg", "webp", "gif", "avif", "tiff"])
def test_every_format_can_be_marked(studio: Studio, format_: str) -> None:
    made = render_marked(studio, BLACK, output={"format": format_}, **watermark_of("-"))
    assert made.size == BLACK.size
    assert pixels(made)[200, 400].min() > 240
    assert pixels(made)[20, 400].max() < 15


def test_a_jpeg_of_a_transparent_picture_shows_mark_and_background(studio: Studio) -> None:
    picture = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    output = {"format": "jpeg", "background": "#00ff00", "quality": 100}
    made = pixels(
        render_marked(studio, picture, output=output, **watermark_of("-", color="#ff0000"))
    )
    assert made[50, 50].tolist() == pytest.approx([255, 0, 0], abs=6)
    assert made[2, 2].tolist() == pytest.approx([0, 255, 0], abs=6)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (33, 33)])
def test_the_smallest_outputs_have_room_for_a_mark(
    studio: Studio, assets: Path, size: tuple[int, int]
) -> None:
    Image.new("RGBA", (64, 64), (255, 0, 0, 255)).save(assets / "logo.png")
    picture = Image.new("RGB", size)
    made = render_marked(studio, picture, assets, image="logo.png", opacity=1)
    assert made.size == size
    assert int((pixels(made)[..., 0] == 255).sum()) >= 1
    assert render_marked(studio, picture, text="imagemill").size == size


def test_a_tall_mark_shrinks_until_it_fits_between_the_margins(
    studio: Studio, assets: Path
) -> None:
    Image.new("RGB", (100, 1000), (255, 0, 0)).save(assets / "logo.png")
    made = render_marked(studio, Image.new("RGB", (400, 120)), assets, image="logo.png", opacity=1)
    left, top, right, bottom = bounds(made, Image.new("RGB", (400, 120)))
    assert (right - left, bottom - top) == (9, 88)
    assert (right, top) == (384, 16)


def test_a_mark_is_scaled_without_dark_edges(studio: Studio, assets: Path) -> None:
    """Invisible black around a white disc must not darken its edge."""
    mark = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    ImageDraw.Draw(mark).ellipse((50, 50, 350, 350), fill=(255, 255, 255, 255))
    mark.save(assets / "logo.png")
    white = Image.new("RGB", (200, 200), (255, 255, 255))
    made = render_marked(studio, white, assets, image="logo.png", scale=0.2, opacity=1)
    assert max_difference(made, white) <= ROUNDED_TWICE


async def test_a_child_draws_both_although_its_environment_is_empty(
    studio: Studio, assets: Path
) -> None:
    Image.new("RGB", (40, 40), (255, 0, 0)).save(assets / "logo.png")
    pipeline = Pipeline.model_validate(
        {
            "outputs": [
                {"name": "text", "watermark": watermark_of("-")},
                {"name": "logo", "watermark": {"image": "logo.png", "opacity": 1, "margin": 0}},
            ]
        }
    )
    file = studio.save(BLACK, "in.png")
    async with Sandbox.open(1, replace(LIMITS, assets=assets)) as sandbox:
        rendered = await render_file(sandbox, file, studio.outputs, pipeline)
    text, image = (pixels(open_picture(studio.file(output))) for output in rendered.outputs)
    assert text[200, 400].tolist() == [255, 255, 255]
    assert image[399, 799].tolist() == [255, 0, 0]
