"""Pictures whose colours are known by construction, and Pillow's quantizer as a second opinion."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imagemill.imaging.engine.analysis.dominant_color import find_dominant_color
from imagemill.imaging.engine.analysis.palette import find_palette
from imagemill.imaging.engine.analysis.pixels import Pixels
from imaging.studio import Studio, gradient

SIX = ["#ffffff", "#ff6600", "#003366", "#22aa44", "#000000", "#ffd700"]


def drawn(colors: list[str], lengths: list[int], height: int = 40) -> Image.Image:
    """Draw stripes side by side."""
    picture = Image.new("RGBA", (sum(lengths), height))
    drawing = ImageDraw.Draw(picture)
    left = 0
    for color, length in zip(colors, lengths, strict=True):
        drawing.rectangle((left, 0, left + length - 1, height), fill=color)
        left += length
    return picture


def of(picture: Image.Image) -> Pixels:
    return Pixels.of(*picture.size, picture.convert("RGBA").tobytes())


def error(picture: Image.Image, colors: list[tuple[int, ...]]) -> float:
    """Return the root of the mean square distance from a pixel to the nearest of the colours."""
    seen = np.asarray(picture.convert("RGB")).reshape(-1, 1, 3).astype(float)
    distances = ((seen - np.array(colors)[np.newaxis]) ** 2).sum(-1).min(1)
    return float(np.sqrt(distances.mean()))


def parsed(colors: list[str]) -> list[tuple[int, ...]]:
    return [tuple(bytes.fromhex(color[1:])) for color in colors]


def test_flat_colors_come_exactly_and_most_frequent_first() -> None:
    picture = drawn(SIX, [20, 12, 10, 9, 8, 5])
    assert find_palette(of(picture)) == SIX
    assert find_palette(of(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))) == SIX


def test_no_more_than_six_colors_are_named() -> None:
    ten = [f"#{red:02x}{green:02x}80" for red in range(0, 250, 50) for green in (0, 250)]
    assert len(find_palette(of(drawn(ten, [6] * 10)))) == 6


def test_one_color_is_one_color_though_it_is_noisy() -> None:
    random = np.random.default_rng(1)
    noisy = np.array([200, 90, 40]) + random.integers(-6, 7, (40, 40, 3))
    (found,) = parsed(find_palette(of(Image.fromarray(noisy.astype("uint8")))))
    assert np.abs(np.array(found) - [200, 90, 40]).max() <= 5


def test_a_speck_is_no_color_of_the_picture() -> None:
    assert find_palette(of(drawn(["#ffffff", "#ff0000"], [99, 1]))) == ["#ffffff"]


def test_transparent_pixels_are_left_out_and_faint_ones_count_less() -> None:
    picture = drawn(["#ff000000", "#00ff0040", "#0000ffff"], [50, 30, 20])
    assert find_palette(of(picture)) == ["#0000ff", "#00ff00"]


def test_a_picture_without_visible_pixels_has_no_colors() -> None:
    nothing = of(Image.new("RGBA", (10, 10), "#ff000000"))
    assert find_palette(nothing) == []
    assert find_dominant_color(nothing) is None


def test_the_dominant_color_is_the_most_frequent_one() -> None:
    assert find_dominant_color(of(drawn(SIX, [5, 20, 12, 10, 9, 8]))) == "#ff6600"


def test_the_palette_of_a_gradient_is_nearly_as_good_as_pillows() -> None:
    picture = gradient(64, 64)
    six = picture.quantize(6, Image.Quantize.MEDIANCUT).getpalette()
    assert six is not None
    pillow = error(picture, [tuple(six[at : at + 3]) for at in range(0, 18, 3)])
    assert error(picture, parsed(find_palette(of(picture)))) < pillow * 1.1


@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
def test_a_drawing_in_any_format_keeps_its_colors(studio: Studio, extension: str) -> None:
    picture = drawn(SIX, [2000, 1200, 1000, 900, 800, 500], 900).convert("RGB")
    found = studio.analyze(studio.save(picture, f"in.{extension}"), "palette", width=10)
    distance = np.abs(np.array(parsed(found["palette"])) - np.array(parsed(SIX))).max()
    assert distance <= (0 if extension == "png" else 4)  # what a lossy encoder may be off
