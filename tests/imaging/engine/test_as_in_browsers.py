"""Animations, and what is made of them, look alike in Chromium: `make test-browser`."""

import numpy as np
import pytest
from PIL import Image

from imaging.animations import gif, seen
from imaging.browser import show_frames
from imaging.engine.apngs import SEQUENCES, apng, composed
from imaging.engine.gifs import HEIGHT, SPECIAL, WIDTH, patches
from imaging.engine.gifs import composed as composed_gif
from imaging.studio import Studio, pixels
from support.chromium import find_browser

BROWSER = find_browser()

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        BROWSER is None, reason="there is no Chromium: make test-browser installs it"
    ),
]

GIFS = SPECIAL | {f"disposal {disposal}": patches(disposal) for disposal in range(4)}
INPUTS = {
    **{f"{name}.gif": gif(WIDTH, HEIGHT, *drawn) for name, drawn in GIFS.items()},
    **{f"{name}.png": apng(parts) for name, parts in SEQUENCES.items()},
}
OUTPUTS: list[dict[str, object]] = [
    {"name": "webp", "format": "webp", "lossless": True},
    {"name": "gif", "format": "gif"},
]

Shown = dict[str, list[Image.Image]]


@pytest.fixture(scope="module")
def in_browser(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Return the frames of each input and of its outputs, all from one page."""
    folder = tmp_path_factory.mktemp("browser")
    studio = Studio(folder / "inputs", folder / "outputs")
    studio.inputs.mkdir()
    studio.outputs.mkdir()
    files = {}
    for name, data in INPUTS.items():
        file = studio.inputs / name
        file.write_bytes(data)
        files[name] = (f"image/{file.suffix[1:]}", data)
        rendered = studio.render(file, *OUTPUTS)
        for output in rendered.outputs:
            made = studio.file(output).read_bytes()
            files[f"{name} as {output.name}"] = (output.media_type, made)
    assert BROWSER is not None
    return show_frames(BROWSER, files, folder)


@pytest.mark.parametrize("name", INPUTS)
def test_the_rules_of_our_tests_are_those_of_chromium(in_browser: Shown, name: str) -> None:
    stem, kind = name.rsplit(".", 1)
    expected = composed_gif(GIFS[stem]) if kind == "gif" else composed(SEQUENCES[stem])
    check_alike(expected, in_browser[name])


@pytest.mark.parametrize("name", INPUTS)
def test_what_is_made_looks_as_its_input(in_browser: Shown, name: str) -> None:
    check_alike(in_browser[name], in_browser[f"{name} as webp"])


@pytest.mark.parametrize("name", [name for name in INPUTS if name.endswith(".gif")])
def test_a_gif_of_a_gif_looks_the_same(in_browser: Shown, name: str) -> None:
    check_alike(in_browser[name], in_browser[f"{name} as gif"])


def check_alike(expected: list[Image.Image], found: list[Image.Image]) -> None:
    for one, other in zip(expected, found, strict=True):
        assert np.abs(pixels(one, "RGBA")[..., 3] - pixels(other, "RGBA")[..., 3]).max() <= 1
        # Chromium premultiplies, which rounds the colours of faint pixels.
        assert np.abs(pixels(seen(one)) - pixels(seen(other))).max() <= 3
