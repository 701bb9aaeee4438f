"""Watermarks, against Porter and Duff's formula and letters drawn by Pillow."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydantic import ValidationError

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.watermarks.text_image import draw_text
from imagemill.imaging.errors import DoesNotFit
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.fonts import BUNDLED
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.image_processes import render_file
from imaging.studio import LIMITS, Studio, difference, gradient, noise, open_picture, pixels

Bounds = tuple[int, int, int, int]

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


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    folder.mkdir()
    return folder


def render_marked(
    studio: Studio,
    picture: Image.Image,
    assets: Path | None = None,
    output: Mapping[str, object] = MappingProxyType({}),
    **watermark: object,
) -> Image.Image:
    """Render the picture as a PNG, or as `output` says, with the watermark."""
    file = studio.save(picture, "in.png")
    asked = {"format": "png", "watermark": watermark, **output}
    rendered = studio.render(file, asked, limits=replace(LIMITS, assets=assets))
    return open_picture(studio.file(rendered.outputs[0]))


def logo(width: int, height: int) -> Image.Image:
    """Noise of every opacity."""
    return noise(width, height, bands=4)


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


def bounds(picture: Image.Image, ground: Image.Image) -> Bounds:
    """Return left, top, right and bottom of where two pictures clearly differ."""
    changed = np.abs(pixels(picture) - pixels(ground)).max(axis=2) > 60
    across, down = np.flatnonzero(changed.any(axis=0)), np.flatnonzero(changed.any(axis=1))
    return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1


def watermark_of(text: str, **watermark: object) -> dict[str, Any]:
    """Ask for a text that is as large as can be and hides what is below; a dash is a bar."""
    return {"text": text, "opacity": 1, "margin": 0, "scale": 1, "position": "center"} | watermark


BLACK = Image.new("RGB", (800, 400))


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


WHITE = Image.new("RGB", (60, 40), "white")
TURNED = Image.Exif()
TURNED[0x0112] = 6


@pytest.mark.parametrize(
    ("mark", "name", "options"),
    [
        (WHITE, "logo.jpg", {}),
        (WHITE.convert("L"), "logo.jpg", {}),
        (WHITE.convert("CMYK"), "logo.jpg", {}),
        (WHITE.convert("P"), "logo.png", {}),
        (WHITE.convert("LA"), "logo.png", {}),
        (Image.new("I;16", (60, 40), 65535), "logo.png", {}),
        (WHITE.convert("RGBA"), "logo.webp", {"lossless": True}),
        (WHITE, "logo.gif", {}),
        (WHITE, "logo.tiff", {}),
        (WHITE, "logo.avif", {}),
        (WHITE.transpose(Image.Transpose.ROTATE_90), "turned.jpg", {"exif": TURNED}),
        (WHITE, "名 logo", {"format": "PNG"}),
    ],
)
def test_every_kind_of_picture_may_be_a_mark(
    studio: Studio, assets: Path, mark: Image.Image, name: str, options: dict[str, Any]
) -> None:
    mark.save(assets / name, **options)
    made = render_marked(
        studio, BLACK, assets, image=name, opacity=1, margin=0, position="left top"
    )
    assert bounds(made, BLACK) == (0, 0, 200, 133)
    assert pixels(made)[60, 100].min() > 240


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


def test_an_image_needs_a_folder_of_assets(studio: Studio) -> None:
    with pytest.raises(DoesNotFit, match=r"no folder of images is set \(ASSETS_DIR\)"):
        render_marked(studio, BLACK, image="logo.png")


def test_a_missing_image_is_reported_by_name_and_not_by_path(studio: Studio, assets: Path) -> None:
    with pytest.raises(DoesNotFit, match=r"no image 'logo\.png' in the folder of images") as caught:
        render_marked(studio, BLACK, assets, image="logo.png")
    assert "/" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_file_that_is_no_picture_is_not_the_pictures_fault(
    studio: Studio, assets: Path, content: bytes
) -> None:
    (assets / "logo.png").write_bytes(content)
    with pytest.raises(
        DoesNotFit,
        match=r"The image 'logo\.png' (is in none of the supported formats|cannot be drawn)",
    ):
        render_marked(studio, BLACK, assets, image="logo.png")


def test_a_truncated_image_is_not_the_pictures_fault(studio: Studio, assets: Path) -> None:
    logo(50, 50).save(assets / "whole.png")
    (assets / "logo.png").write_bytes((assets / "whole.png").read_bytes()[:-3000])
    with pytest.raises(DoesNotFit, match=r"The image 'logo\.png' cannot be drawn"):
        render_marked(studio, BLACK, assets, image="logo.png")


def test_a_link_may_not_lead_out_of_the_folder(studio: Studio, assets: Path) -> None:
    logo(20, 10).save(assets.parent / "secret.png")
    (assets / "out.png").symlink_to(assets.parent / "secret.png")
    (assets / "loop.png").symlink_to("loop.png")
    (assets / "folder").mkdir()
    for name in ("out.png", "loop.png", "folder", "x" * 255):
        with pytest.raises(DoesNotFit, match="There is no image"):
            render_marked(studio, BLACK, assets, image=name)


def test_a_link_may_lead_to_a_place_in_the_folder(studio: Studio, assets: Path) -> None:
    (assets / "..data").mkdir()
    logo(20, 10).save(assets / "..data" / "logo.png")
    (assets / "logo.png").symlink_to(Path("..data", "logo.png"))
    assert render_marked(studio, BLACK, assets, image="logo.png").size == BLACK.size


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


@pytest.mark.parametrize(
    ("watermark", "field"),
    [
        ({}, None),
        ({"text": "a", "image": "b"}, None),
        ({"text": None}, None),
        ({"text": ""}, "text"),
        ({"text": "a" * 201}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "a\0"}, "text"),
        ({"text": "a\x1b[31m"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"text": 3}, "text"),
        ({"image": ""}, "image"),
        ({"image": "."}, "image"),
        ({"image": ".."}, "image"),
        ({"image": ".hidden.png"}, "image"),
        ({"image": "../logo.png"}, "image"),
        ({"image": "/etc/passwd"}, "image"),
        ({"image": "a/b.png"}, "image"),
        ({"image": "a\\b.png"}, "image"),
        ({"image": "logo.png\0.jpg"}, "image"),
        ({"image": "logo.png\n"}, "image"),
        ({"image": "x" * 256}, "image"),
        ({"text": "a", "position": "entropy"}, "position"),
        ({"text": "a", "position": {"x": 0, "y": 0}}, "position"),
        ({"text": "a", "opacity": 1.01}, "opacity"),
        ({"text": "a", "opacity": -0.01}, "opacity"),
        ({"text": "a", "scale": 0}, "scale"),
        ({"text": "a", "scale": 1.01}, "scale"),
        ({"text": "a", "margin": -1}, "margin"),
        ({"text": "a", "margin": 1.5}, "margin"),
        ({"text": "a", "color": "white"}, "color"),
        ({"image": "a", "color": "#000000"}, "color"),
        ({"text": "a", "font": "Comic Sans"}, "font"),
    ],
)
def test_a_watermark_that_cannot_be_is_refused(
    watermark: dict[str, object], field: str | None
) -> None:
    with pytest.raises(ValidationError) as caught:
        Output.model_validate({"watermark": watermark})
    (error,) = caught.value.errors()
    assert error["loc"] == (("watermark", field) if field else ("watermark",))


def test_json_shows_a_watermark_as_it_was_given() -> None:
    watermark = {"text": "<b>&", "scale": 0.5}
    output = Output.model_validate({"watermark": watermark})
    assert output.as_json() == {"name": "image", "watermark": watermark}


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
