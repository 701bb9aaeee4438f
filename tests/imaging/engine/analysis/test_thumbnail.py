"""The picture that is analyzed: the one decode, upright, in sRGB, small."""

from typing import Any

import pytest
from PIL import Image
from PIL.ExifTags import Base

from imagemill.imaging.engine import decoders
from imagemill.imaging.engine.analysis.pixels import Pixels
from imagemill.imaging.engine.analysis.thumbnail import make_thumbnail, to_pixels
from imagemill.imaging.formats import JPEG
from imagemill.imaging.libvips import Image as VipsImage
from imaging.studio import Studio, difference, gradient

RED, BLUE = (255, 0, 0), (0, 0, 255)


def seen(picture: Image.Image) -> Pixels:
    bands = len(picture.getbands())
    image = VipsImage.new_from_memory(picture.tobytes(), *picture.size, bands, "uchar")
    return to_pixels(make_thumbnail(image.copy(interpretation="srgb")))


def halves(left: Any, right: Any, mode: str = "RGB") -> Image.Image:  # noqa: ANN401 - Pillow's colours
    """Return a picture that is two thirds `left`."""
    picture = Image.new(mode, (300, 200), right)
    picture.paste(left, (0, 0, 200, 200))
    return picture


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((640, 480), (64, 48)),
        ((480, 640), (48, 64)),
        ((40, 30), (40, 30)),
        ((5000, 1), (64, 1)),
        ((1, 5000), (1, 64)),
        ((1, 1), (1, 1)),
    ],
)
def test_the_longest_side_is_64_and_nothing_grows(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    made = seen(gradient(*size))
    assert (made.width, made.height) == small
    assert {len(channel) for channel in (made.red, made.green, made.blue, made.alpha)} == {
        small[0] * small[1]
    }


def test_pixels_are_in_their_places() -> None:
    made = seen(gradient(640, 480))
    rgba = bytes(value for color in made.colors() for value in color)
    again = Image.frombytes("RGBA", (made.width, made.height), rgba)
    assert set(made.alpha) == {255}
    assert difference(again, gradient(640, 480).resize((64, 48), Image.Resampling.BOX)) < 1


def test_colors_behind_transparency_do_not_bleed() -> None:
    picture = Image.new("RGBA", (641, 200), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 333, 200))
    visible = {color[:3] for color in seen(picture).colors() if color[3] > 8}
    assert all(red < 16 for red, _, _ in visible)


def test_the_picture_is_turned_upright(studio: Studio) -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    file = studio.save(gradient(400, 300), "in.jpg", exif=exif)
    image = decoders.load(file.read_bytes(), JPEG).copy_memory()
    made = to_pixels(make_thumbnail(image))
    assert (made.width, made.height) == (48, 64)
    assert made.red[0] < 20  # what was left is on top
    assert made.red[-1] > 235
    assert made.green[0] > 235


def test_cmyk_is_converted(studio: Studio) -> None:
    inks = halves((0, 255, 255, 0), (0, 0, 0, 255), "CMYK")
    (color,) = studio.analyze(studio.save(inks, "in.jpg"), "dominant_color").values()
    red, green, blue = bytes.fromhex(color[1:])
    assert red > 180
    assert max(green, blue) < 90


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "I;16", "RGBA"])
def test_every_kind_of_pixel_is_analyzed(studio: Studio, mode: str) -> None:
    picture = halves(255, 0, "L")
    picture = picture.convert("I").point(lambda v: v * 257) if mode == "I;16" else picture
    file = studio.save(picture.convert(mode), "in.png")
    assert studio.analyze(file, "palette") == {"palette": ["#ffffff", "#000000"]}


def test_of_an_animation_the_first_frame_is_analyzed(studio: Studio) -> None:
    frames = [Image.new("RGB", (60, 40), color) for color in (BLUE, RED, RED)]
    file = studio.save(frames[0], "in.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert studio.analyze(file, "palette") == {"palette": ["#0000ff"]}


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
@pytest.mark.parametrize("width", [4, 300])
def test_results_do_not_depend_on_the_outputs(studio: Studio, extension: str, width: int) -> None:
    file = studio.save(halves(RED, BLUE).resize((1500, 1000)), f"in.{extension}", quality=95)
    alone = studio.analyze(file, "palette")
    assert len(alone["palette"]) == 2
    beside = studio.analyze(file, "palette", width=width, height=width, fit="cover")
    assert [distance(*pair) for pair in zip(alone["palette"], beside["palette"], strict=True)] == [
        pytest.approx(0, abs=2), pytest.approx(0, abs=2),
    ]  # fmt: skip


def distance(one: str, other: str) -> int:
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return max(abs(a - b) for a, b in pairs)


def test_without_analyses_there_is_no_result(studio: Studio) -> None:
    assert studio.render(studio.save(gradient(30, 20), "in.png"), {}).analysis is None


def test_analyses_need_no_decode_of_their_own(
    studio: Studio, jpegs_opened: list[dict[str, object]]
) -> None:
    # A progressive one is decoded by libvips, so that its decodes can be counted.
    file = studio.save(gradient(1200, 800), "in.jpg", progressive=True)
    assert studio.analyze(file, "palette", "dominant_color", width=30, format="png")
    assert [options.get("shrink") for options in jpegs_opened] == [None, 8]
