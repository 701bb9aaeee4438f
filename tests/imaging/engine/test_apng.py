"""Frames of animated PNGs, as W3C PNG composes them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagemill.imaging.errors import InvalidImage, TooLarge
from imaging.animations import seen, shown
from imaging.engine.apngs import BLUE, HEIGHT, RED, SEQUENCES, WHOLE, WIDTH, Part, apng, composed
from imaging.studio import LIMITS, Studio, difference, open_picture, pixels

LOSSLESS = {"format": "webp", "lossless": True}


def write(studio: Studio, data: bytes) -> Path:
    file = studio.inputs / "in.png"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("name", SEQUENCES)
def test_frames_are_laid_on_what_was_there(studio: Studio, name: str) -> None:
    parts = SEQUENCES[name]
    rendered = studio.render(write(studio, apng(parts)), LOSSLESS)
    made = shown(studio.file(rendered.outputs[0]))
    assert (rendered.input.frames, rendered.outputs[0].frames) == (len(parts), len(parts))
    for one, other in zip(composed(parts), made.frames, strict=True):
        assert np.abs(pixels(one, "RGBA")[..., 3] - pixels(other, "RGBA")[..., 3]).max() <= 1
        assert np.abs(pixels(seen(one)) - pixels(seen(other))).max() <= 2


@pytest.mark.parametrize("output", [{"format": "webp"}, {"format": "gif"}])
def test_times_and_plays_are_kept(studio: Studio, output: dict[str, object]) -> None:
    delays = [(1, 10), (5, 0), (33, 1000), (2, 1)]
    colors = [RED, BLUE, RED, BLUE]
    parts = [
        replace(WHOLE, color=color, delay=delay)
        for color, delay in zip(colors, delays, strict=True)
    ]
    file = write(studio, apng(parts, plays=3))
    made = shown(studio.file(studio.render(file, output).outputs[0]))
    expected = [100, 50, 33, 2000] if output["format"] == "webp" else [100, 50, 30, 2000]
    assert (made.delays, made.plays) == (expected, 3)


def test_a_poster_is_not_in_the_animation(studio: Studio) -> None:
    poster = replace(WHOLE, color=(1, 2, 3, 255))
    file = write(studio, apng([WHOLE, replace(WHOLE, color=BLUE)], poster=poster))
    animated, still = studio.render(file, LOSSLESS).outputs[0], studio.make(file, name="still")
    colors = [frame.getpixel((0, 0)) for frame in shown(studio.file(animated)).frames]
    assert colors == [RED, BLUE]
    assert still.convert("RGBA").getpixel((0, 0)) == (1, 2, 3, 255)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_pillow_and_we_see_the_same(studio: Studio, mode: str) -> None:
    random = np.random.default_rng(1)
    frames = [
        Image.fromarray(random.integers(0, 256, (HEIGHT, WIDTH, 4), dtype="uint8")).convert(mode)
        for _ in range(3)
    ]
    file = studio.save(frames[0], "in.png", save_all=True, append_images=frames[1:], duration=70)
    made = shown(studio.file(studio.render(file, LOSSLESS).outputs[0]))
    expected = shown(file)
    assert made.delays == [70, 70, 70]
    for one, other in zip(expected.frames, made.frames, strict=True):
        assert difference(seen(one), seen(other)) < 0.5


def test_an_opaque_animation_stays_opaque(studio: Studio) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "lime")]
    file = studio.save(frames[0], "in.png", save_all=True, append_images=frames[1:])
    made = open_picture(studio.file(studio.render(file, LOSSLESS).outputs[0]))
    assert (made.mode, made.n_frames) == ("RGB", 2)  # type: ignore[attr-defined]


def test_steps_change_every_frame(studio: Studio) -> None:
    file = write(studio, apng([WHOLE, replace(WHOLE, color=BLUE)]))
    made = shown(
        studio.file(studio.render(file, {**LOSSLESS, "width": 12, "negate": True}).outputs[0])
    )
    assert [frame.size for frame in made.frames] == [(12, 8)] * 2
    colors = [frame.getpixel((5, 5)) for frame in made.frames]
    assert colors == [(35, 225, 225, 255), (225, 205, 55, 255)]


@pytest.mark.parametrize(
    "parts",
    [
        [WHOLE, Part(20, 0, 8, 8, BLUE)],
        [WHOLE, Part(2**31, 0, 8, 8, BLUE)],
    ],
)
def test_a_frame_beyond_the_picture_is_damage(studio: Studio, parts: list[Part]) -> None:
    with pytest.raises(InvalidImage, match="a frame of the PNG is damaged"):
        studio.render(write(studio, apng(parts)), LOSSLESS)


def test_missing_frames_are_damage(studio: Studio) -> None:
    with pytest.raises(InvalidImage, match="fewer frames than it says"):
        studio.render(write(studio, apng([WHOLE, WHOLE], announced=3)), LOSSLESS)
    data = apng(SEQUENCES["over"])
    for end in range(data.index(b"acTL") + 20, len(data) - 13, 29):
        with pytest.raises(InvalidImage):
            studio.render(write(studio, data[:end]), LOSSLESS)


def test_one_frame_or_none_is_a_still_picture(studio: Studio) -> None:
    for data in (apng([WHOLE]), apng([WHOLE], announced=0), apng([], poster=WHOLE)):
        rendered = studio.render(write(studio, data), LOSSLESS | {"frames": "all"})
        assert (rendered.input.frames, rendered.outputs[0].frames) == (1, 1)


def test_frames_count_for_the_limits(studio: Studio) -> None:
    parts = [replace(WHOLE, color=RED if at % 2 else BLUE) for at in range(5)]
    file = write(studio, apng(parts))
    with pytest.raises(TooLarge, match="5 frames; the limit is 4"):
        studio.render(file, LOSSLESS, limits=replace(LIMITS, max_frames=4))
    with pytest.raises(TooLarge, match="with 5 frames, which is 1920 pixels"):
        studio.render(file, LOSSLESS, limits=replace(LIMITS, max_pixels=1919))
