"""GIFs whose frames cover a part, drawn by the rules of GIF89a; Pillow reads what is made."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from imagemill.imaging.errors import InvalidImage
from imaging.animations import PALETTE, Patch, gif, seen, shown
from imaging.studio import Studio, difference, open_picture, pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH, HEIGHT = 32, 24
WHOLE = WIDTH * HEIGHT

# Magenta all over; then a green part, disposed of as given; then one with holes, and a last one.
GREEN_PART = (6, 4, 14, 12)
HOLED_PART = (10, 8, 12, 12)


def patches(disposal: int, *, is_interlaced: bool = False) -> list[Patch]:
    holed = [2 if number % 3 else 7 for number in range(12 * 12)]
    return [
        Patch(0, 0, WIDTH, HEIGHT, [4] * WHOLE, delay=5, is_interlaced=is_interlaced),
        Patch(*GREEN_PART, [1] * (14 * 12), disposal, is_interlaced=is_interlaced),
        Patch(*HOLED_PART, holed, transparent=7, delay=0, is_interlaced=is_interlaced),
        Patch(24, 2, 4, 4, [3] * 16, delay=100, is_interlaced=is_interlaced),
    ]


def composed(patches: list[Patch]) -> list[Image.Image]:
    """Draw what browsers show: what is cleared, or was never drawn, is transparent."""
    canvas: NDArray[np.uint8] = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    frames = []
    for patch in patches:
        before = canvas.copy()
        place = np.s_[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
        indices = np.array(patch.indices).reshape(patch.height, patch.width)
        colors = np.dstack([np.array(PALETTE, np.uint8)[indices], np.full(indices.shape, 255)])
        covers = indices != (-1 if patch.transparent is None else patch.transparent)
        canvas[place][covers] = colors[covers]
        frames.append(Image.fromarray(canvas.copy()))
        if patch.disposal == 2:
            canvas[place] = 0
        elif patch.disposal == 3:
            canvas = before
    return frames


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize("output", [{"format": "webp", "lossless": True}, {"format": "gif"}])
def test_frames_that_cover_a_part_are_laid_on_what_was_there(
    studio: Studio, disposal: int, output: dict[str, object], *, is_interlaced: bool
) -> None:
    drawn = patches(disposal, is_interlaced=is_interlaced)
    file = studio.inputs / "in.gif"
    file.write_bytes(gif(WIDTH, HEIGHT, *drawn))
    made = shown(studio.file(studio.render(file, output).outputs[0]))
    for one, other in zip(composed(drawn), made.frames, strict=True):
        assert difference(seen(one), seen(other)) == 0


def test_a_place_that_is_cleared_can_be_seen_through(studio: Studio) -> None:
    disc = Patch(0, 0, WIDTH, HEIGHT, [0, 7] * (WHOLE // 2), disposal=2, transparent=7)
    square = Patch(8, 8, 8, 8, [1] * 64)
    file = studio.inputs / "in.gif"
    file.write_bytes(gif(WIDTH, HEIGHT, disc, square))
    made = shown(studio.file(studio.render(file, {"format": "gif"}).outputs[0]))
    for one, other in zip(composed([disc, square]), made.frames, strict=True):
        assert difference(seen(one), seen(other)) == 0


def test_delays_are_kept_to_the_hundredth(studio: Studio) -> None:
    file = studio.inputs / "in.gif"
    delays = [0, 1, 2, 3, 100, 65535]
    drawn = [
        Patch(0, 0, WIDTH, HEIGHT, [number] * WHOLE, delay=delay)
        for number, delay in enumerate(delays)
    ]
    file.write_bytes(gif(WIDTH, HEIGHT, *drawn))
    made = shown(studio.file(studio.render(file, {"width": 16}).outputs[0]))
    assert [delay or 0 for delay in made.delays] == [delay * 10 for delay in delays]
    slow = shown(studio.file(studio.render(file, {"name": "slow", "format": "webp"}).outputs[0]))
    assert slow.delays == [100, 100, 20, 30, 1000, 655_350]


def test_blocks_of_every_kind_are_walked_through(studio: Studio) -> None:
    whole = gif(WIDTH, HEIGHT, *patches(1))
    comment = b"\x21\xfe\x05Hello\x06 there\x00"
    endless = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    plain_text = b"\x21\x01\x0c" + bytes(12) + b"\x02Hi\x00"
    start = 13 + 3 * len(PALETTE)
    file = studio.inputs / "in.gif"
    file.write_bytes(
        whole[:start] + comment + endless + plain_text + whole[start:-1] + comment + b";"
    )
    made = studio.render(file, {}).outputs[0]
    assert (made.frames, shown(studio.file(made)).plays) == (4, 0)


# Each begins with a first frame that leaves something out, or has one that goes back to nothing.
SPECIAL = {
    "small first": [Patch(10, 6, 8, 8, [1] * 64), Patch(0, 0, 4, 4, [2] * 16)],
    "small first, cleared": [Patch(10, 6, 8, 8, [1] * 64, 2), Patch(0, 0, 4, 4, [2] * 16)],
    "small first with holes": [
        Patch(10, 6, 8, 8, [1, 7] * 32, transparent=7),
        Patch(0, 0, 4, 4, [2] * 16, 2),
        Patch(12, 6, 8, 8, [3] * 64),
    ],
    "first to be restored": [
        Patch(0, 0, WIDTH, HEIGHT, [4] * WHOLE, 3),
        Patch(5, 5, 4, 4, [2] * 16),
    ],
    "restored twice": [
        Patch(0, 0, WIDTH, HEIGHT, [4] * WHOLE),
        Patch(5, 5, 8, 8, [2] * 64, 3),
        Patch(8, 8, 8, 8, [1, 7] * 32, 3, transparent=7),
        Patch(20, 2, 4, 4, [3] * 16),
    ],
    "cleared, then restored": [
        Patch(0, 0, WIDTH, HEIGHT, [4] * WHOLE),
        Patch(5, 5, 8, 8, [2] * 64, 2),
        Patch(8, 8, 8, 8, [1] * 64, 3),
        Patch(20, 2, 4, 4, [3] * 16, 2, transparent=3),
        Patch(0, 0, 2, 2, [6] * 4),
    ],
}


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("output", [{"format": "webp", "lossless": True}, {"format": "gif"}])
def test_what_was_never_drawn_or_is_cleared_is_transparent(
    studio: Studio, name: str, output: dict[str, object]
) -> None:
    file = studio.inputs / "in.gif"
    file.write_bytes(gif(WIDTH, HEIGHT, *SPECIAL[name]))
    rendered = studio.render(file, output, {"name": "still", "format": "png"})
    made = shown(studio.file(rendered.outputs[0]))
    expected = composed(SPECIAL[name])
    assert rendered.input.frames == len(expected)
    for one, other in zip(expected, made.frames, strict=True):
        assert np.array_equal(pixels(one, "RGBA")[..., 3], pixels(other, "RGBA")[..., 3])
        assert difference(seen(one), seen(other)) == 0
    still = open_picture(studio.file(rendered.outputs[1]))
    assert difference(seen(expected[0]), seen(still)) == 0


def test_a_still_picture_smaller_than_its_screen_is_transparent_around(studio: Studio) -> None:
    file = studio.inputs / "in.gif"
    file.write_bytes(gif(WIDTH, HEIGHT, Patch(10, 6, 8, 8, [1] * 64)))
    made = pixels(studio.make(file, format="png"), "RGBA")
    assert made[0, 0].tolist() == [0, 0, 0, 0]
    assert made[6, 10].tolist() == [0, 255, 0, 255]
    assert pixels(studio.make(file, name="on", format="jpeg"))[23, 31].tolist() == [255, 255, 255]


def test_what_of_a_frame_is_off_the_screen_is_left_out(studio: Studio) -> None:
    drawn = [Patch(0, 0, 8, 8, [4] * 64, 2), Patch(28, 20, 8, 8, [1] * 64, 2)]
    file = studio.inputs / "in.gif"
    file.write_bytes(gif(WIDTH, HEIGHT, *drawn, Patch(40, 40, 4, 4, [2] * 16)))
    made = shown(studio.file(studio.render(file, {"format": "webp", "lossless": True}).outputs[0]))
    last = pixels(made.frames[1], "RGBA")
    assert last[23, 31].tolist() == [0, 255, 0, 255]
    assert last[..., 3].sum() == 4 * 4 * 255
    assert pixels(made.frames[2], "RGBA")[..., 3].sum() == 0


def test_a_gif_without_its_trailer_is_whole(studio: Studio) -> None:
    drawn = patches(1)
    file = studio.inputs / "in.gif"
    comment = b"\x21\xfe\x05Hello\x06 there"
    for end in (b"", comment[:1], comment[:5], comment, comment + b"\0"):
        file.write_bytes(gif(WIDTH, HEIGHT, *drawn)[:-1] + end)
        made = shown(studio.file(studio.render(file, {}).outputs[0]))
        for one, other in zip(composed(drawn), made.frames, strict=True):
            assert difference(seen(one), seen(other)) == 0


@pytest.mark.parametrize("announced", range(1, 8))
def test_a_gif_that_ends_in_what_is_said_of_a_frame_is_truncated(
    studio: Studio, announced: int
) -> None:
    whole = gif(WIDTH, HEIGHT, *patches(1))
    file = studio.inputs / "in.gif"
    file.write_bytes(whole[: whole.rindex(b"\x21\xf9") + announced + 1])
    with pytest.raises(InvalidImage, match="the GIF is truncated"):
        studio.render(file, {})
