"""GIFs whose frames cover a part; Pillow reads what is made."""

import numpy as np
import pytest

from imagemill.imaging.errors import InvalidImage
from imaging.animations import PALETTE, Patch, gif, seen, shown
from imaging.engine.gifs import HEIGHT, SPECIAL, WHOLE, WIDTH, composed, patches
from imaging.studio import Studio, difference, open_picture, pixels


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
