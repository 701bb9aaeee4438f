"""Every step treats each frame by itself, by what the first frame shows."""

import pytest
from PIL import Image, ImageDraw

from imagemill.imaging.engine.decode import decode
from imagemill.imaging.engine.decode_plan import plan_decode
from imagemill.imaging.engine.header import open_image
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.animations import COLORS, plain, save, shown, spotted
from imaging.studio import LIMITS, Studio, difference, noise, open_picture, pixels

# Each with what would mix neighbouring rows if frames were one tall picture.
STEPS: dict[str, dict[str, object]] = {
    "rotate by a quarter": {"rotate": 90},
    "rotate by half": {"rotate": 180},
    "rotate a little": {"rotate": 10},
    "flip": {"flip": True},
    "flop": {"flop": True},
    "crop": {"crop": {"left": 10, "top": 0, "width": 30, "height": 40}},
    "blur": {"blur": 8},
    "sharpen": {"sharpen": 3},
    "gamma": {"width": 21, "gamma": 2.2},
    "grayscale": {"grayscale": True},
    "modulate": {"modulate": {"hue": 100, "brightness": 0.8}},
    "tint": {"tint": "#3366cc"},
    "negate": {"negate": True},
    "pad": {"pad": 7, "background": "#123456"},
    "enlarge": {"width": 77, "enlarge": True},
    "inside": {"width": 31, "height": 31},
    "outside": {"width": 31, "height": 31, "fit": "outside"},
    "fill": {"width": 31, "height": 31, "fit": "fill"},
    "cover": {"width": 31, "height": 31, "fit": "cover"},
    "cover the top": {"width": 40, "height": 13, "fit": "cover", "position": "top"},
    "cover a point": {
        "width": 31, "height": 31, "fit": "cover", "position": {"x": 1, "y": 1}
    },
    "contain": {"width": 31, "height": 31, "fit": "contain", "background": "#123456"},
    "contain at the bottom": {
        "width": 31, "height": 31, "fit": "contain", "position": "bottom"
    },
    "entropy": {"width": 31, "height": 31, "fit": "cover", "position": "entropy"},
    "attention": {"width": 31, "height": 31, "fit": "cover", "position": "attention"},
    "trim": {"trim": True},
    "everything": {
        "rotate": 270, "flip": True, "width": 25, "gamma": 2, "blur": 2, "sharpen": 1,
        "modulate": {"saturation": 0.5}, "negate": True, "pad": 3,
    },
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("extension", ["gif", "webp"])
def test_a_frame_looks_as_if_it_were_alone(studio: Studio, step: str, extension: str) -> None:
    frames = plain(60, 40)
    file = save(studio, frames, f"in.{extension}")
    made = studio.render(file, STEPS[step] | {"format": "webp", "lossless": True}).outputs[0]
    together = shown(studio.file(made)).frames
    assert len(together) == len(COLORS)
    for number, frame in enumerate(frames):
        alone = studio.make(
            studio.save(frame, f"{number}.png"),
            **STEPS[step] | {"format": "webp", "lossless": True, "name": "alone"},
        )
        assert difference(together[number], alone, "RGBA") == 0


@pytest.mark.parametrize("step", STEPS)
def test_no_color_comes_from_another_frame(studio: Studio, step: str) -> None:
    file = save(studio, plain(60, 40), "in.gif")
    options = STEPS[step] | {"background": "#808080", "format": "webp", "lossless": True}
    made = studio.render(file, options).outputs[0]
    for frame in shown(studio.file(made)).frames:
        seen = {tuple(pixel) for pixel in pixels(frame).reshape(-1, 3)} - {(128, 128, 128)}
        # A plain frame stays plain; only where it is turned onto grey the two may mix.
        spread = max(max(band) - min(band) for band in zip(*seen, strict=True))
        assert spread <= 1 or step == "rotate a little"


@pytest.mark.parametrize(
    ("frames", "cut"),
    [("first", (10, 5, 40, 25)), ("all", (10, 5, 40, 25))],
)
def test_the_border_of_the_first_frame_is_trimmed_off_all(
    studio: Studio, frames: str, cut: tuple[int, int, int, int]
) -> None:
    drawn = [Image.new("RGB", (60, 40), (250, 250, 250)) for _ in range(3)]
    drawn[0].paste((200, 30, 30), cut)
    drawn[1].paste((30, 200, 30), (0, 0, 20, 20))
    drawn[2].paste((30, 30, 200), (55, 35, 60, 40))
    file = save(studio, drawn, "in.webp")
    output = studio.render(
        file, {"trim": True, "format": "webp", "lossless": True, "frames": frames}
    ).outputs[0]
    made = shown(studio.file(output)).frames
    assert (output.width, output.height) == (30, 20)
    # The last frame is plain in there, and equal to no other.
    assert [difference(one, whole.crop(cut)) for one, whole in zip(made, drawn, strict=False)] == [
        0
    ] * len(made)
    assert len(made) == (1 if frames == "first" else 3)


@pytest.mark.parametrize("position", ["attention", "entropy"])
@pytest.mark.parametrize("side", [0, 200])
def test_all_frames_are_cropped_where_the_first_draws_attention(
    studio: Studio, position: str, side: int
) -> None:
    busy = Image.new("RGB", (300, 100), (120, 125, 120))
    busy.paste(noise(100, 100), (side, 0))
    ImageDraw.Draw(busy).ellipse((side + 30, 30, side + 70, 70), fill=(230, 120, 80))
    elsewhere = busy.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    box: dict[str, object] = {"width": 100, "height": 100, "fit": "cover", "position": position}
    alone = studio.make(studio.save(busy, "alone.png"), **box)
    file = save(studio, [busy, elsewhere], "in.webp")
    made = studio.render(file, box | {"format": "webp", "lossless": True}).outputs[0]
    first, second = shown(studio.file(made)).frames
    assert difference(first, alone) == 0
    lefts = [
        left for left in range(201) if not difference(busy.crop((left, 0, left + 100, 100)), alone)
    ]
    assert len(lefts) == 1
    assert difference(second, elsewhere.crop((lefts[0], 0, lefts[0] + 100, 100))) == 0


def test_lightness_is_stretched_alike_in_all_frames(studio: Studio) -> None:
    ramp = Image.linear_gradient("L").resize((60, 40)).point(lambda level: 80 + level // 4)
    darker = ramp.point(lambda level: level - 8)
    file = save(studio, [ramp.convert("RGB"), darker.convert("RGB")], "in.webp")
    made = studio.render(file, {"normalize": True, "format": "webp", "lossless": True}).outputs[0]
    first, second = (pixels(frame)[..., 0].astype(int) for frame in shown(studio.file(made)).frames)
    assert (first.min(), first.max()) == (0, 255)
    # A frame that is darker stays so: by 8 of 64 levels, which are now 255.
    assert 24 < (first - second)[5:-5].mean() < 40


def test_a_turned_animation_is_turned_upright(studio: Studio) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = spotted(60, 40)
    file = studio.inputs / "in.webp"
    frames[0].save(file, save_all=True, append_images=frames[1:], lossless=True, exif=exif)
    made = studio.render(file, {"lossless": True, "format": "webp"}).outputs[0]
    assert (made.width, made.height) == (40, 60)
    for one, other in zip(frames, shown(studio.file(made)).frames, strict=True):
        assert difference(one.transpose(Image.Transpose.ROTATE_270), other) == 0


def test_what_is_analyzed_is_the_first_frame_whatever_the_outputs_show(studio: Studio) -> None:
    file = save(studio, plain(60, 40), "in.gif")
    for output in ({}, {"frames": "first"}, {"format": "png", "width": 8}):
        assert studio.analyze(file, "palette", **output) == {"palette": ["#dc1e1e"]}


def test_frames_of_a_small_decode_are_those_of_the_whole(studio: Studio) -> None:
    frames = [frame.resize((900, 600)) for frame in spotted(90, 60)]
    file = save(studio, frames, "in.webp")
    data = file.read_bytes()
    header, opened = open_image(data)
    plan = plan_decode(header, Pipeline.of(Output(width=60)), LIMITS)
    decoded = decode(data, header, opened, plan)
    assert [(frame.width, frame.height) for frame in decoded] == [(90, 60)] * 4
    made = studio.render(file, {"width": 60, "format": "png"}, {"name": "b", "width": 60})
    files = [studio.file(output) for output in made.outputs]
    still, moving = open_picture(files[0]), shown(files[1]).frames
    assert len(moving) == 4
    assert difference(still, moving[0]) < 3
