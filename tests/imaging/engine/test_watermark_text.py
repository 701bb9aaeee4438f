"""Texts of watermarks, against letters drawn by Pillow."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.watermarks.text_image import draw_text
from imagemill.imaging.spec.fonts import BUNDLED
from imaging.studio import Studio, difference, noise, pixels
from imaging.watermarks import BLACK, bounds, render_marked, watermark_of


@pytest.mark.parametrize("scale", [0.05, 0.25, 0.6, 1])
@pytest.mark.parametrize("text", ["©", "imagemill", "a longer line of text, 2026"])
def test_text_has_the_width_of_its_scale(studio: Studio, text: str, scale: float) -> None:
    ground = Image.new("RGB", (800, 800))
    left, _, right, _ = bounds(
        render_marked(studio, ground, **watermark_of(text, scale=scale)), ground
    )
    # Edges are soft: of a letter's first pixel less than a quarter may be covered.
    assert right - left == pytest.approx(800 * scale, abs=2)


@pytest.mark.parametrize("text", ["<b>Jörg</b> & Ωλ", "&amp;&#65; Жщ"])
def test_the_letters_are_those_of_the_font_and_markup_is_none(studio: Studio, text: str) -> None:
    ground = Image.new("RGB", (2000, 400))
    drawn = ground.copy()
    font = ImageFont.truetype(BUNDLED, 200)
    ImageDraw.Draw(drawn).text((50, 50), text, "white", font)
    expected = drawn.crop(bounds(drawn, ground))
    made = render_marked(studio, ground, **watermark_of(text, scale=expected.width / ground.width))
    found = made.crop(bounds(made, ground)).resize(expected.size)
    # Two renderers place letters of the same shapes; one letter more or less, and it is over 25.
    assert difference(found, expected) < 10


def test_text_has_its_color(studio: Studio) -> None:
    made = pixels(render_marked(studio, BLACK, **watermark_of("-", color="#ff8000")))
    assert made[200, 400].tolist() == [255, 128, 0]
    made = pixels(render_marked(studio, BLACK, **watermark_of("-", color="#ff800080", opacity=0.5)))
    assert made[200, 400].tolist() == pytest.approx([64, 32, 0], abs=1)


@pytest.mark.parametrize(
    "text",
    [
        "😀👩‍👩‍👧",
        "漢" * 200,
        "W" * 200,
        "⸻" * 200,
        "a" + "\u0301" * 199,
        "\u202eabc\u2066",
        "مرحبا שלום नमस्ते",
        "two\nlines",
        "two\r\nlines\tand a tab",
        "\n" * 199 + "x",
        "\u200b",
        "\U000e0041\ufffe\U0010ffff",
        ".",
        "|",
        "&lt;&#0;</span>",
    ],
)
def test_any_text_can_be_drawn(studio: Studio, text: str) -> None:
    made = render_marked(
        studio, noise(40, 30), output={"width": 900, "enlarge": True}, **watermark_of(text)
    )
    assert made.size == (900, 675)


def test_a_dot_may_be_as_wide_as_any_output(capfd: pytest.CaptureFixture[str]) -> None:
    """Pango would warn of letters that FreeType cannot make so large."""
    dot = draw_text(".", lambda _: Size(10000, 11000))
    assert (dot.width, dot.height) == (10000, 11000)
    assert capfd.readouterr().err == ""


def test_two_lines_stand_below_each_other(studio: Studio) -> None:
    _, top, _, bottom = bounds(
        render_marked(studio, BLACK, **watermark_of("mm\nmm", scale=0.1)), BLACK
    )
    _, above, _, below = bounds(
        render_marked(studio, BLACK, **watermark_of("mm", scale=0.1)), BLACK
    )
    assert bottom - top > 2 * (below - above)


JAGGED = """<?xml version="1.0"?><fontconfig>
<match target="font"><edit name="antialias"><bool>false</bool></edit></match>
</fontconfig>"""

COUNT_LEVELS = """
from imagemill.imaging.engine.watermarks.text_image import draw_text
print(len(set(draw_text("@", lambda size: size).write_to_memory())))
"""


def test_letters_are_the_same_whatever_fonts_a_machine_has(tmp_path: Path) -> None:
    """Were its settings of fonts heeded, edges would be jagged: of two levels."""
    (tmp_path / "fontconfig").mkdir()
    (tmp_path / "fontconfig" / "fonts.conf").write_text(JAGGED)
    levels = subprocess.run(
        [sys.executable, "-c", COUNT_LEVELS],
        env={"XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    assert levels.stderr == b""
    assert int(levels.stdout) > 20
