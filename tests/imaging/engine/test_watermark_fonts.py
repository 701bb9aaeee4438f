"""Texts of watermarks in scripts that Noto Sans lacks, drawn with fonts of the assets folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTCollection, TTFont

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.watermarks.text_image import draw_text
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.font_coverage import BadFont, read_coverage
from imagemill.imaging.spec.fonts import (
    BUNDLED,
    FontError,
    check_fonts,
    find_fonts,
    find_undrawable_texts,
)
from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.imaging.spec.presets import PresetsError, load_presets
from imaging.fonts import build_font, write_font
from imaging.image_processes import render_file
from imaging.studio import LIMITS, Studio, gradient, open_picture

ALEF, BET, GIMEL = "אבג"
MOUNTAIN = "山"
EMOJI = "\N{GRINNING FACE}"


def marked(text: str) -> Pipeline:
    output = {"format": "png", "watermark": {"text": text, "opacity": 1.0, "scale": 1.0}}
    return Pipeline.model_validate({"outputs": [output]})


def undrawable(text: str, folder: Path | None = None) -> list[str]:
    return [why for _, why in find_undrawable_texts(marked(text), folder)]


def heights(text: str, fonts: list[Path]) -> list[float]:
    """Return how high each letter is drawn, from left to right, as a share of the highest."""
    drawn = draw_text(text, lambda size: Size(size.width * 4, size.height * 4), fonts).numpy() > 127
    columns = drawn.squeeze().sum(axis=0)
    starts = np.flatnonzero((columns > 0) & (np.append(0, columns[:-1]) == 0))
    return [round(float(columns[start + 3] / columns.max()), 1) for start in starts]


def test_hebrew_is_drawn_from_right_to_left(tmp_path: Path) -> None:
    write_font(tmp_path, {ALEF: 1.0, BET: 0.5, GIMEL: 0.2})
    fonts = find_fonts(tmp_path)
    assert heights(ALEF + BET + GIMEL, fonts) == [0.2, 0.5, 1.0]


def test_cjk_is_drawn_from_left_to_right_with_a_font_of_its_own(tmp_path: Path) -> None:
    write_font(tmp_path, {MOUNTAIN: 1.0, "川": 0.4}, "squares.otf")
    assert heights(f"{MOUNTAIN}川", find_fonts(tmp_path)) == [1.0, 0.4]


async def test_an_image_process_draws_with_the_fonts_of_the_folder(studio: Studio) -> None:
    assets = studio.inputs / "assets"
    assets.mkdir()
    write_font(assets, {MOUNTAIN: 1.0})
    file = studio.save(gradient(100, 100), "in.png")
    async with Sandbox.open(1, replace(LIMITS, assets=assets)) as sandbox:
        rendered = await render_file(sandbox, file, studio.outputs, marked(MOUNTAIN))
    picture = np.asarray(open_picture(studio.file(rendered.outputs[0])).convert("RGB"))
    # A box of one colour, where that of a missing letter has a number in it.
    assert (picture[30:75, 30:75] == 255).all()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"© {ALEF}", f"U+05D0 {ALEF}"),
        (MOUNTAIN, f"U+5C71 {MOUNTAIN}"),
        (EMOJI, f"U+1F600 {EMOJI}"),
        ("\ue000", "U+E000,"),
    ],
)
def test_a_character_without_a_glyph_is_named(text: str, named: str) -> None:
    (why,) = undrawable(text)
    assert f"Holds {named}" in why


@pytest.mark.parametrize(
    "text",
    ["© Jané", "Ωμέγα", "Привет", "नमस्ते", "a\r\nb\tc", "e\u0301", "a\u200db\u2060\ufe0f\u00a0c"],
)
def test_what_noto_sans_has_or_what_is_not_drawn_is_taken(text: str) -> None:
    assert undrawable(text) == []


def test_the_fonts_of_the_folder_count(tmp_path: Path) -> None:
    write_font(tmp_path, {ALEF: 1.0})
    assert undrawable(ALEF, tmp_path) == []
    assert "U+05D1" in undrawable(ALEF + BET, tmp_path)[0]
    write_font(tmp_path, {ALEF: 1.0, BET: 1.0})  # the same name
    assert undrawable(ALEF + BET, tmp_path) == []


def test_a_preset_is_checked_when_it_is_loaded(tmp_path: Path) -> None:
    presets = tmp_path / "presets.toml"
    presets.write_text(f"[marked]\noutputs = [{{ watermark = {{ text = '{ALEF}' }} }}]\n")
    with pytest.raises(PresetsError, match=r"outputs/0/watermark/text: Holds U\+05D0"):
        load_presets(presets)
    write_font(tmp_path, {ALEF: 1.0})
    assert "marked" in load_presets(presets, tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no font",
        build_font({ALEF: 1.0})[:200],
        build_font({ALEF: 1.0}).replace(b"cmap", b"free"),
        b"ttcf" + b"\xff" * 40,
    ],
)
def test_a_broken_font_stops_the_start_with_a_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "broken.ttf").write_bytes(data)
    with pytest.raises(FontError, match=r"the font broken\.ttf of ASSETS_DIR cannot be used: it "):
        check_fonts(tmp_path)
    # One that was damaged later stops neither uploads nor other texts.
    assert undrawable("Jane", tmp_path) == []
    assert draw_text("Jane", lambda size: size, find_fonts(tmp_path)).width > 1


def test_other_files_hidden_ones_and_links_to_elsewhere_are_no_fonts(tmp_path: Path) -> None:
    folder = tmp_path / "assets"
    folder.mkdir()
    outside = write_font(tmp_path, {ALEF: 1.0})
    (folder / "out.ttf").symlink_to(outside)
    (folder / ".hidden.ttf").write_bytes(b"")
    (folder / "folder.ttf").mkdir()
    (folder / "logo.png").write_bytes(b"")
    assert check_fonts(folder) == []
    assert check_fonts(None) == []


def covered(data: bytes) -> set[int]:
    coverage = read_coverage(data)
    return {code for code in range(0x110000) if coverage[code >> 3] >> (code & 7) & 1}


def test_the_coverage_is_what_fonttools_reads(tmp_path: Path) -> None:
    assert covered(BUNDLED.read_bytes()) == set(TTFont(BUNDLED).getBestCmap())
    collection = TTCollection()
    for letter in (ALEF, EMOJI):
        collection.fonts.append(TTFont(write_font(tmp_path, {letter: 1.0}, f"{ord(letter)}.ttf")))
    collection.save(tmp_path / "both.ttc")
    assert covered((tmp_path / "both.ttc").read_bytes()) == {ord(ALEF), ord(EMOJI)}
    assert len(find_fonts(tmp_path)) == 3


def test_a_font_of_symbols_has_no_unicode_characters() -> None:
    with pytest.raises(BadFont, match="no table of Unicode"):
        read_coverage(build_font({ALEF: 1.0}).replace(b"cmap", b"none"))
