import numpy as np
import pytest
from PIL import Image, ImageOps

from imagemill.imaging.errors import TooLarge
from imagemill.imaging.spec.pipeline import Output
from imaging.studio import Studio, difference, gradient, pixels


def test_one_length_is_added_at_every_side(studio: Studio) -> None:
    picture = gradient(40, 20)
    made = studio.make(studio.save(picture, "in.png"), pad=7, background="#ff8000")
    assert difference(made, ImageOps.expand(picture, 7, (255, 128, 0))) == 0


def test_each_side_has_its_own_length(studio: Studio) -> None:
    picture = gradient(40, 20)
    pad = {"top": 1, "right": 2, "bottom": 3}
    made = studio.make(studio.save(picture, "in.png"), pad=pad)
    expected = Image.new("RGB", (42, 24), (255, 255, 255))
    expected.paste(picture, (0, 1))
    assert difference(made, expected) == 0


def test_padding_comes_on_top_of_the_size_asked_for(studio: Studio) -> None:
    file = studio.save(gradient(40, 20), "in.png")
    output = {"width": 20, "height": 20, "fit": "contain", "pad": 5}
    rendered = studio.render(file, output).outputs[0]
    assert (rendered.width, rendered.height) == (30, 30)


def test_padding_keeps_its_color_whatever_colors_become(studio: Studio) -> None:
    file = studio.save(gradient(40, 20), "in.png")
    made = pixels(studio.make(file, pad=5, negate=True, blur=3, background="#ff8000"))
    assert made[4, 20].tolist() == [255, 128, 0]


def test_transparent_padding_brings_alpha(studio: Studio) -> None:
    picture = gradient(40, 20)
    made = studio.make(studio.save(picture, "in.png"), pad=5, background="#00ff0000")
    assert pixels(made, "RGBA")[0, 0].tolist() == [0, 255, 0, 0]
    assert np.unique(pixels(made, "RGBA")[5:-5, 5:-5, 3]).tolist() == [255]
    assert difference(made.crop((5, 5, 45, 25)), picture) == 0


def test_a_padded_output_may_not_be_too_long(studio: Studio) -> None:
    file = studio.save(gradient(40, 20), "in.png")
    with pytest.raises(
        TooLarge, match="Output image would be 16385x20; the limit is 16384 pixels a side"
    ):
        studio.render(file, {"pad": {"left": 16_345}})
    with pytest.raises(TooLarge, match="12040x12020, which is 144720800 pixels"):
        studio.render(file, {"pad": 6000})


def test_json_shows_padding_as_it_was_given() -> None:
    assert Output.model_validate({"pad": 3}).as_json() == {"name": "image", "pad": 3}
    sides = {"pad": {"top": 3}}
    assert Output.model_validate(sides).as_json() == {"name": "image"} | sides
