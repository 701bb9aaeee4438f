"""Small outputs are made from larger ones, and nobody can see it."""

import numpy as np
import pytest
from PIL import Image

from imaging.studio import Studio, delta_e, gradient, noise, open_picture

SMALL: dict[str, object] = {"name": "small", "width": 100, "format": "png"}


def sharpness(picture: Image.Image) -> float:
    """Return by how much neighbours in a line differ on average, 0 to 255."""
    return float(np.abs(np.diff(np.asarray(picture.convert("L"), dtype=float), axis=1)).mean())


@pytest.mark.parametrize("picture", [gradient(1200, 800), noise(1200, 800)])
def test_an_output_is_as_good_beside_larger_ones_as_alone(
    studio: Studio, picture: Image.Image
) -> None:
    file = studio.save(picture, "in.jpg", quality=95)
    best = open_picture(file).convert("RGB").resize((100, 67), Image.Resampling.LANCZOS)
    alone = studio.make(file, **SMALL)
    beside = studio.render(file, {"name": "a", "width": 700}, {"name": "b", "width": 300}, SMALL)
    small = open_picture(studio.file(beside.outputs[2]))
    # Two more roundings to 8 bits are 0.3 each at most; alone it is decoded at a quarter.
    assert delta_e(small, best) < delta_e(alone, best) + 0.5
    assert sharpness(small) == pytest.approx(sharpness(best), rel=0.05)


@pytest.mark.parametrize(
    "other",
    [
        {"auto_orient": False},
        {"rotate": 90},
        {"rotate": 30},
        {"flip": True},
        {"flop": True},
        {"crop": {"left": 150, "top": 300, "width": 200, "height": 200}},
        {"trim": True},
    ],
)
def test_outputs_that_are_cut_otherwise_are_not_made_from_each_other(
    studio: Studio, other: dict[str, object]
) -> None:
    picture = Image.new("RGB", (600, 400), "white")
    picture.paste(noise(400, 300), (150, 50))
    exif = picture.getexif()
    exif[0x0112] = 6
    file = studio.save(picture, "in.png", exif=exif)
    rendered = studio.render(file, {"name": "large", "width": 400, **other}, SMALL)
    assert delta_e(open_picture(studio.file(rendered.outputs[1])), studio.make(file, **SMALL)) < 0.5


def test_what_was_mixed_as_light_is_not_mixed_on_as_numbers(studio: Studio) -> None:
    squares = Image.fromarray((np.indices((400, 600)).sum(axis=0) % 2 * 255).astype(np.uint8))
    file = studio.save(squares, "in.png")
    rendered = studio.render(file, {"name": "light", "width": 300, "gamma": 3}, SMALL)
    middle = open_picture(studio.file(rendered.outputs[1])).convert("L").getpixel((50, 33))
    assert middle == pytest.approx(127.5, abs=2)  # as light it is 255 * 0.5 ** (1 / 3), or 202


def test_corners_have_each_output_s_own_background(studio: Studio) -> None:
    file = studio.save(gradient(600, 400), "in.png")
    red = {"name": "red", "rotate": 30, "background": "#ff0000"}
    rendered = studio.render(file, red, {**SMALL, "rotate": 30})
    assert open_picture(studio.file(rendered.outputs[1])).getpixel((0, 0)) == (255, 255, 255)


def test_a_size_comes_from_the_picture_and_not_from_the_larger_output(studio: Studio) -> None:
    file = studio.save(gradient(1000, 667), "in.png")
    # 15 rows of 10 would be 7, by way of 23 and 15; the picture itself says 10 * 0.667.
    rendered = studio.render(
        file, {"name": "a", "width": 23}, {"name": "b", "width": 15}, {"name": "c", "width": 10}
    )
    assert [output.height for output in rendered.outputs] == [15, 10, 7]


def test_an_output_that_is_hardly_smaller_is_made_from_the_picture(studio: Studio) -> None:
    file = studio.save(noise(600, 400), "in.png")
    rendered = studio.render(
        file, {"name": "a", "width": 300}, {"name": "b", "width": 290, "format": "png"}
    )
    alone = studio.make(file, width=290, format="png")
    assert delta_e(open_picture(studio.file(rendered.outputs[1])), alone) == 0


def test_what_was_blown_up_serves_nobody(studio: Studio) -> None:
    file = studio.save(noise(60, 40), "in.png")
    same: dict[str, object] = {"name": "same", "format": "png"}
    rendered = studio.render(file, {"name": "large", "width": 200, "enlarge": True}, same)
    assert delta_e(open_picture(studio.file(rendered.outputs[1])), open_picture(file)) == 0


def test_stretched_outputs_serve_only_what_is_smaller_both_ways(studio: Studio) -> None:
    file = studio.save(noise(600, 400), "in.png")
    flat = {"name": "flat", "width": 600, "height": 40, "fit": "fill"}
    tall = {"name": "tall", "width": 60, "height": 300, "fit": "fill", "format": "png"}
    rendered = studio.render(file, flat, tall)
    assert delta_e(open_picture(studio.file(rendered.outputs[1])), studio.make(file, **tall)) == 0
