"""Animated PNGs, put together chunk by chunk, and shown by the rules of W3C PNG, 4.9."""

from dataclasses import dataclass, replace
from pathlib import Path
from struct import pack
from zlib import compress, crc32

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imagemill.imaging.errors import InvalidImage, TooLarge
from imaging.animations import seen, shown
from imaging.studio import LIMITS, Studio, difference, open_picture, pixels

WIDTH, HEIGHT = 24, 16
LOSSLESS = {"format": "webp", "lossless": True}

KEEP, CLEAR, RESTORE = range(3)
COVER, OVER = range(2)


@dataclass(frozen=True)
class Part:
    """A frame of one colour: its place, and how it is laid on what was there and disposed of."""

    left: int
    top: int
    width: int
    height: int
    color: tuple[int, int, int, int]
    disposal: int = KEEP
    blend: int = COVER
    delay: tuple[int, int] = (1, 10)

    def rows(self) -> NDArray[np.uint8]:
        return np.full((self.height, self.width, 4), self.color, np.uint8)


RED, BLUE, FAINT = (220, 30, 30, 255), (30, 50, 200, 255), (20, 160, 40, 100)
CLEAR_ALL = (0, 0, 0, 0)
WHOLE = Part(0, 0, WIDTH, HEIGHT, RED)
SEQUENCES = {
    "over": [WHOLE, Part(4, 4, 10, 8, FAINT, blend=OVER), Part(8, 2, 9, 9, FAINT, blend=OVER)],
    "cover": [WHOLE, Part(4, 4, 10, 8, FAINT), Part(8, 2, 9, 9, CLEAR_ALL)],
    "clear": [
        replace(WHOLE, disposal=CLEAR),
        Part(4, 4, 10, 8, BLUE, CLEAR),
        Part(0, 0, 2, 2, RED),
    ],
    "restore": [WHOLE, Part(4, 4, 10, 8, BLUE, RESTORE), Part(20, 9, 4, 4, FAINT, blend=OVER)],
    "restore the first": [replace(WHOLE, disposal=RESTORE), Part(4, 4, 10, 8, BLUE)],
}


def chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))


def apng(
    parts: list[Part], *, plays: int = 0, poster: Part | None = None, announced: int | None = None
) -> bytes:
    """Return the file; a `poster` is a picture that is no part of the animation."""
    header = pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0)
    control = pack(">II", len(parts) if announced is None else announced, plays)
    chunks = [chunk(b"IHDR", header), chunk(b"acTL", control)]
    if poster is not None:
        chunks.append(chunk(b"IDAT", packed(poster)))
    for number, part in enumerate(parts):
        place = (part.width, part.height, part.left, part.top)
        said = pack(">IIIIIHHBB", 2 * number, *place, *part.delay, part.disposal, part.blend)
        chunks.append(chunk(b"fcTL", said))
        data = packed(part)
        half = len(data) // 2
        for piece in (data[:half], data[half:]):  # which may be in several chunks
            is_first = number == 0 and poster is None
            kind, start = (b"IDAT", b"") if is_first else (b"fdAT", pack(">I", 2 * number + 1))
            chunks.append(chunk(kind, start + piece))
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, chunk(b"IEND", b"")])


def packed(part: Part) -> bytes:
    return compress(b"".join(b"\0" + row.tobytes() for row in part.rows()))


def composed(parts: list[Part]) -> list[Image.Image]:
    canvas = np.zeros((HEIGHT, WIDTH, 4))
    frames = []
    for number, part in enumerate(parts):
        before = canvas.copy()
        place = np.s_[part.top : part.top + part.height, part.left : part.left + part.width]
        above, below = part.rows() / 255, canvas[place] / 255
        if part.blend == OVER:
            alpha = above[..., 3:] + below[..., 3:] * (1 - above[..., 3:])
            mixed = above[..., :3] * above[..., 3:]
            mixed = mixed + below[..., :3] * below[..., 3:] * (1 - above[..., 3:])
            above = np.concatenate([mixed / np.maximum(alpha, 1e-9), alpha], -1)
        canvas[place] = (above * 255).round()
        frames.append(Image.fromarray(canvas.astype(np.uint8)))
        if part.disposal == CLEAR or (part.disposal == RESTORE and number == 0):
            canvas[place] = 0
        elif part.disposal == RESTORE:
            canvas = before
    return frames


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
