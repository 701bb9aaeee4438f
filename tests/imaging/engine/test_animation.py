"""Animations keep their frames, delays and plays; what Pillow reads is the reference."""

from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.engine.verify import BadOutput, ExpectedOutput, verify_output
from imagemill.imaging.errors import DoesNotFit, InvalidImage, TooLarge
from imagemill.imaging.formats import GIF
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.animations import COLORS, Patch, gif, plain, save, seen, shown, spotted
from imaging.image_processes import render_file
from imaging.studio import LIMITS, Studio, difference, gradient, noise, open_picture

ANIMATED = ["gif", "webp"]
STILL = ["jpeg", "png", "avif", "tiff"]

# Mean difference of 255 a channel. The search for a GIF's palette may end a level off; WebP stores
# colours for every other pixel, which shows at the edges of the spot.
FAR = {"gif": 1.0, "webp": 3.0}


@pytest.mark.parametrize("read", ANIMATED)
@pytest.mark.parametrize("written", ANIMATED)
@pytest.mark.parametrize("plays", [0, 1, 2, 6])
def test_frames_delays_and_plays_are_kept(
    studio: Studio, read: str, written: str, plays: int
) -> None:
    delays = [40, 250, 1000, 70]
    file = save(studio, spotted(60, 40), f"in.{read}", delays, plays)
    rendered = studio.render(file, {"format": written})
    before, after = shown(file), shown(studio.file(rendered.outputs[0]))
    assert (rendered.input.frames, rendered.outputs[0].frames) == (4, 4)
    assert (after.delays, after.plays) == (delays, plays)
    for one, other in zip(before.frames, after.frames, strict=True):
        assert difference(one, other, "RGBA") <= FAR[written]


@pytest.mark.parametrize("read", ANIMATED)
def test_an_animation_stays_one_by_default(studio: Studio, read: str) -> None:
    rendered = studio.render(save(studio, spotted(60, 40), f"in.{read}"), {"width": 30})
    assert rendered.outputs[0].media_type == f"image/{read}"
    assert [frame.size for frame in shown(studio.file(rendered.outputs[0])).frames] == [
        (30, 20)
    ] * 4


@pytest.mark.parametrize("read", ANIMATED)
@pytest.mark.parametrize("written", ANIMATED)
def test_transparent_frames_leave_nothing_behind(studio: Studio, read: str, written: str) -> None:
    frames = []
    for number, color in enumerate(COLORS):
        frame = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
        disc = (number * 10, 8, number * 10 + 24, 32)
        ImageDraw.Draw(frame).ellipse(disc, fill=(*color, 255))
        frames.append(frame)
    made = studio.render(save(studio, frames, f"in.{read}"), {"format": written}).outputs[0]
    for one, other in zip(frames, shown(studio.file(made)).frames, strict=True):
        # Opacity is stored without loss.
        assert difference(one.getchannel("A"), other.getchannel("A"), "L") == 0
        assert difference(seen(one), seen(other)) <= FAR[written]


def test_a_clip_of_a_photo_looks_the_same_in_a_gif(studio: Studio) -> None:
    photo = gradient(160, 90)
    frames = [photo.crop((left, 0, left + 80, 60)) for left in range(0, 80, 20)]
    file = save(studio, frames, "in.webp")
    made = studio.render(file, {"format": "gif"}).outputs[0]
    for one, other in zip(frames, shown(studio.file(made)).frames, strict=True):
        assert difference(one, other) < 4  # 256 colours, as of a still picture


@pytest.mark.parametrize("written", ANIMATED)
def test_equal_frames_are_joined_and_their_time_is_kept(studio: Studio, written: str) -> None:
    shades = zip([0, 0, 0, 1, 2, 2], [5, 5, 5, 7, 11, 2], strict=True)
    file = studio.inputs / "in.gif"  # Pillow would join them itself
    file.write_bytes(gif(8, 6, *(Patch(0, 0, 8, 6, [at] * 48, delay=cs) for at, cs in shades)))
    rendered = studio.render(file, {"format": written})
    made = shown(studio.file(rendered.outputs[0]))
    assert (rendered.input.frames, rendered.outputs[0].frames, len(made.frames)) == (6, 3, 3)
    assert made.delays == [150, 70, 130]


def test_frames_that_are_all_equal_make_a_still_picture(studio: Studio) -> None:
    file = studio.inputs / "in.gif"
    file.write_bytes(gif(8, 6, *[Patch(0, 0, 8, 6, [1] * 48)] * 3))
    for format_ in ANIMATED:
        rendered = studio.render(file, {"format": format_})
        assert (rendered.input.frames, rendered.outputs[0].frames) == (3, 1)


@pytest.mark.parametrize("read", ANIMATED)
@pytest.mark.parametrize("written", STILL)
def test_a_still_format_takes_the_first_frame(studio: Studio, read: str, written: str) -> None:
    file = save(studio, plain(60, 40), f"in.{read}")
    rendered = studio.render(file, {"format": written})
    assert (rendered.input.frames, rendered.outputs[0].frames) == (4, 1)
    assert difference(open_picture(studio.file(rendered.outputs[0])), plain(60, 40)[0]) <= 3


@pytest.mark.parametrize("read", ANIMATED)
@pytest.mark.parametrize("written", ANIMATED)
def test_the_first_frame_is_taken_where_that_is_asked(
    studio: Studio, read: str, written: str
) -> None:
    file = save(studio, plain(60, 40), f"in.{read}", plays=3)
    rendered = studio.render(file, {"format": written, "frames": "first", "blur": 1})
    made = shown(studio.file(rendered.outputs[0]))
    assert (rendered.input.frames, rendered.outputs[0].frames, len(made.frames)) == (4, 1, 1)
    assert difference(made.frames[0], plain(60, 40)[0]) <= FAR[written]


def test_outputs_with_one_frame_and_with_all_come_from_one_decode(studio: Studio) -> None:
    file = save(studio, spotted(60, 40), "in.gif")
    outputs = studio.render(
        file,
        {"name": "all", "width": 30},
        {"name": "first", "frames": "first", "height": 80, "enlarge": True},
        {"name": "still", "format": "png"},
        {"name": "webp", "format": "webp", "frames": "all"},
    ).outputs
    assert [output.frames for output in outputs] == [4, 1, 1, 4]
    # The output that is twice as high as a frame is still one.
    assert [len(shown(studio.file(output)).frames) for output in outputs] == [4, 1, 1, 4]
    assert difference(open_picture(studio.file(outputs[2])), spotted(60, 40)[0]) == 0


def test_a_still_picture_has_one_frame_whatever_is_asked(studio: Studio) -> None:
    file = studio.save(gradient(30, 20), "in.png")
    assert studio.render(file, {"format": "webp", "frames": "all"}).outputs[0].frames == 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_avif_with_a_sequence_has_its_frames_counted(studio: Studio, mode: str) -> None:
    frames = [frame.convert(mode) for frame in plain(60, 40)]
    file = studio.save(frames[0], "in.avif", save_all=True, append_images=frames[1:])
    assert getattr(open_picture(file), "n_frames", 1) == 4
    rendered = studio.render(file, {"format": "gif"})
    assert (rendered.input.frames, rendered.outputs[0].frames) == (4, 1)
    assert difference(open_picture(studio.file(rendered.outputs[0])), frames[0]) <= 3
    with pytest.raises(DoesNotFit, match="all 4 frames, and only the first frame of an avif"):
        studio.render(file, {"format": "gif", "frames": "all"})


@pytest.mark.parametrize("read", [*ANIMATED, "png"])
def test_all_frames_do_not_fit_into_a_still_format(studio: Studio, read: str) -> None:
    frames = plain(60, 40)
    animated = studio.save(frames[0], f"in.{read}", save_all=True, append_images=frames[1:])
    still = animated.rename(studio.inputs / "still")
    if read == "png":  # which is what the output is, unless it says another format
        with pytest.raises(DoesNotFit, match="would be png, which holds one frame"):
            studio.render(still, {"frames": "all"})
        assert studio.render(still, {}).outputs[0].frames == 1
    else:
        assert studio.render(still, {"frames": "all"}).outputs[0].frames == 4


def test_quality_is_lowered_for_all_frames_together(studio: Studio) -> None:
    file = save(studio, [noise(80, 60), noise(80, 60).rotate(180)], "in.webp", [30, 40])
    plain_, small = studio.render(
        file, {"name": "plain"}, {"name": "small", "max_bytes": 4000}
    ).outputs
    assert plain_.bytes > 8000
    assert small.bytes <= 4000
    assert shown(studio.file(small)).delays == [30, 40]


def test_a_webp_without_loss_keeps_every_pixel_of_every_frame(studio: Studio) -> None:
    frames = [noise(50, 30), noise(50, 30).rotate(180), noise(50, 30).rotate(0, translate=(9, 4))]
    file = save(studio, frames, "in.webp")
    made = studio.render(file, {"format": "webp", "lossless": True}).outputs[0]
    for one, other in zip(frames, shown(studio.file(made)).frames, strict=True):
        assert difference(one, other) == 0


def test_a_small_output_of_an_animation_has_all_frames(studio: Studio) -> None:
    frames = [frame.resize((800, 600)) for frame in spotted(80, 60)]
    made = studio.render(save(studio, frames, "in.gif"), {"width": 80}).outputs[0]
    for one, other in zip(spotted(80, 60), shown(studio.file(made)).frames, strict=True):
        # Only the edge of the spot may differ: its pixels lie askew of the shrunken ones.
        assert difference(one, other) < 2


@pytest.mark.parametrize("sixteenths", [*range(1, 16), 15.9])
@pytest.mark.parametrize("read", ANIMATED)
@pytest.mark.parametrize("frames", ["first", "all"])
def test_a_truncated_animation_is_invalid(
    studio: Studio, read: str, sixteenths: float, frames: str
) -> None:
    whole = save(studio, [noise(60, 40).rotate(angle) for angle in (0, 90, 180, 270)], f"in.{read}")
    data = whole.read_bytes()
    whole.write_bytes(data[: int(len(data) * sixteenths / 16)])
    with pytest.raises(InvalidImage, match=r"^The picture cannot be decoded: .*\.$"):
        studio.render(whole, {"frames": frames})


# A GIF needs no trailer.
@pytest.mark.parametrize(
    ("read", "missing"),
    [("webp", 1), *((read, missing) for read in ANIMATED for missing in (2, 3, 10, 100))],
)
def test_an_animation_without_its_last_bytes_is_invalid(
    studio: Studio, read: str, missing: int
) -> None:
    file = save(studio, spotted(60, 40), f"in.{read}")
    assert studio.render(file, {"width": 30}).input.frames == 4
    file.write_bytes(file.read_bytes()[:-missing])
    with pytest.raises(InvalidImage):
        studio.render(file, {"width": 30})


def test_data_after_the_end_of_a_gif_is_ignored(studio: Studio) -> None:
    file = save(studio, spotted(60, 40), "in.gif")
    file.write_bytes(file.read_bytes() + b"a comment that nobody asked for")
    assert studio.render(file, {}).outputs[0].frames == 4


@pytest.mark.parametrize("read", ANIMATED)
def test_too_many_frames_are_refused_before_one_is_decoded(studio: Studio, read: str) -> None:
    file = save(studio, spotted(60, 40), f"in.{read}")
    assert studio.render(file, {}, limits=replace(LIMITS, max_frames=4)).input.frames == 4
    with pytest.raises(TooLarge, match="4 frames; the limit is 3"):
        studio.render(file, {"frames": "first"}, limits=replace(LIMITS, max_frames=3))


def test_pixels_of_an_output_count_in_all_its_frames(studio: Studio) -> None:
    file = save(studio, spotted(60, 40), "in.gif")
    limits = replace(LIMITS, max_pixels=4 * 60 * 40)
    big: dict[str, object] = {"name": "big", "width": 62, "enlarge": True}
    with pytest.raises(TooLarge, match="big would be 62x41 with 4 frames, which is 10168 pixels"):
        studio.render(file, big, limits=limits)
    taller: dict[str, object] = {"width": 60, "height": 42, "fit": "fill"}
    with pytest.raises(TooLarge, match="60x42 with 4 frames, which is 10080 pixels"):
        studio.render(file, {"trim": True, "enlarge": True} | taller, limits=limits)
    assert studio.render(file, big | {"frames": "first"}, limits=limits).outputs[0].width == 62
    assert studio.render(file, big | {"format": "png"}, limits=limits).outputs[0].frames == 1


def test_an_output_that_lost_frames_or_time_is_rejected(studio: Studio) -> None:
    data = save(studio, spotted(60, 40), "in.gif", [50, 60, 70, 80]).read_bytes()
    four = ExpectedOutput("in", GIF, Size(60, 40), frames=4, timing=Timing((65, 65, 65, 65), 0))
    assert verify_output(data, four).frames == 4
    with pytest.raises(BadOutput, match="4 frames for 260 ms, not 1 for 260 ms"):
        verify_output(data, replace(four, frames=1))
    with pytest.raises(BadOutput, match="4 frames for 260 ms, not 4 for 270 ms"):
        verify_output(data, replace(four, timing=Timing((50, 60, 70, 90), 0)))


async def test_frames_are_made_one_at_a_time_in_little_memory(studio: Studio) -> None:
    grounds = [Patch(0, 0, 480, 270, [at] * 480 * 270) for at in (0, 1)]
    file = studio.inputs / "in.gif"
    whole = gif(480, 270, *grounds)
    start = whole.index(b"\x21\xf9")
    file.write_bytes(whole[:start] + whole[start:-1] * 100 + b";")
    # One at a time they take 390 MiB, all at once 1240.
    limits = replace(LIMITS, memory_bytes=700 * 1024**2)
    pipeline = Pipeline.of(Output(width=320, sharpen=1, format="webp"))
    async with Sandbox.open(1, limits) as sandbox:
        rendered = await render_file(sandbox, file, studio.outputs, pipeline)
    assert (rendered.input.frames, rendered.outputs[0].frames) == (200, 200)


@pytest.mark.long
def test_a_thousand_frames_pass(studio: Studio) -> None:
    frames = [
        Image.new("RGB", (16, 9), (at % 256, at // 256 * 60, at % 7 * 40)) for at in range(1000)
    ]
    rendered = studio.render(save(studio, frames, "in.gif", 20), {"width": 8})
    made = shown(studio.file(rendered.outputs[0]))
    assert (rendered.input.frames, len(made.frames), made.duration) == (1000, 1000, 20_000)
