"""JPEG XL pictures in and out; files are made by imagecodecs' own functions, not by our encoder."""

import random
import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from imagemill.field_errors import InvalidFields
from imagemill.gateway.upload.checks import check_formats
from imagemill.imaging.color.profiles import load_built_in_profile
from imagemill.imaging.engine.decoders.jxl import load, peek
from imagemill.imaging.errors import (
    ImagingError,
    InvalidImage,
    OutOfMemory,
    TooLarge,
    UnsupportedFormat,
)
from imagemill.imaging.formats import FORMATS, INPUTS, JXL
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.colors import by_its_profile
from imaging.image_processes import ONE_OUTPUT, program_without, render_file
from imaging.jxl_plugin import encode
from imaging.spaces import ADOBE, P3, Space
from imaging.studio import LIMITS, Studio, delta_e, difference, gradient, noise, open_picture


def made_by_us(studio: Studio, source: Path, **output: object) -> bytes:
    """Return the source as a JPEG XL of our encoder."""
    return studio.file(studio.render(source, {"format": "jxl", **output}).outputs[0]).read_bytes()


def box(kind: bytes, contents: bytes) -> bytes:
    return struct.pack(">I", 8 + len(contents)) + kind + contents


def says_it_is(width: int, height: int) -> bytes:
    """Return a file of 100 bytes with this size in its header. Source: ISO/IEC 18181-1, D.2."""
    size = 0b110 | (height - 1) << 3 | 0b11 << 36 | (width - 1) << 38
    all_default = 1 << 68
    return b"\xff\x0a" + (size | all_default).to_bytes(98, "little")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("usecontainer", [False, True])
def test_a_lossless_picture_stays_as_it_was(
    studio: Studio, mode: str, *, usecontainer: bool
) -> None:
    picture = noise(60, 40, 4).convert(mode)
    file = studio.write(encode(picture, usecontainer=usecontainer), "in.jxl")
    assert difference(studio.make(file, format="png"), picture, mode) == 0


def test_a_lossy_picture_looks_like_it(studio: Studio) -> None:
    file = studio.write(encode(gradient(60, 40), lossless=False, distance=1.0), "in.jxl")
    assert delta_e(studio.make(file, format="png"), gradient(60, 40)) < 3


def test_sixteen_bits_are_kept_where_they_are_asked_for(studio: Studio) -> None:
    deep = np.linspace(0, 65535, 64).round().astype("uint16")[np.newaxis].repeat(48, 0)
    file = studio.write(bytes(imagecodecs.jpegxl_encode(deep, lossless=True)), "in.jxl")
    png = studio.make(file, format="png", color_space="keep")
    assert (np.asarray(png) == deep).all()
    again = studio.write(made_by_us(studio, file, color_space="keep", lossless=True), "in.jxl")
    assert (load(again.read_bytes()).numpy().squeeze() == deep).all()


def test_floats_are_linear_light(studio: Studio) -> None:
    light = np.full((40, 60, 3), 0.5, "float32")
    file = studio.write(bytes(imagecodecs.jpegxl_encode(light, lossless=True)), "in.jxl")
    # Source: IEC 61966-2-1: 1.055 * 0.5 ** (1 / 2.4) - 0.055 of 255.
    assert abs(np.asarray(studio.make(file, format="png")).astype(int) - 188).max() <= 1


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("space", [P3, ADOBE], ids=["p3", "adobe"])
def test_a_profile_is_stored_and_applied(studio: Studio, space: Space, *, lossless: bool) -> None:
    profile = space.profile()
    picture = studio.save(gradient(60, 40), "in.png", icc_profile=profile)
    quality = {} if lossless else {"quality": 98}
    data = made_by_us(studio, picture, color_space="keep", lossless=lossless, **quality)
    in_srgb = studio.make(picture, format="png")
    assert delta_e(studio.make(studio.write(data, "in.jxl"), format="png"), in_srgb) < 1.5
    assert delta_e(by_its_profile(open_picture(studio.write(data, "in.jxl"))), in_srgb) < 1.5


def test_display_p3_is_stored_by_its_number(studio: Studio) -> None:
    source = studio.save(gradient(60, 40), "in.png")
    data = made_by_us(studio, source, color_space="p3", lossless=True)
    shown = studio.make(studio.write(data, "in.jxl"), format="png")
    assert delta_e(shown, gradient(60, 40)) < 1.2
    assert bytes(peek(data).get("icc-profile-data")) == load_built_in_profile("p3")


def photo_lying_on_its_side() -> bytes:
    """Return a JPEG that is repacked without loss: its EXIF and its codestream say how to turn."""
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif[Base.Artist] = "Jane"
    jpeg = BytesIO()
    gradient(60, 40).save(jpeg, "JPEG", exif=exif, quality=95)
    return bytes(imagecodecs.jpegxl_encode_jpeg(jpeg.getvalue(), usecontainer=True))


def test_a_picture_is_turned_once(studio: Studio) -> None:
    file = studio.write(photo_lying_on_its_side(), "in.jxl")
    upright = gradient(60, 40).transpose(Image.Transpose.ROTATE_270)
    rendered = studio.render(file, {"format": "png"})
    assert (rendered.input.width, rendered.input.height) == (40, 60)
    assert difference(open_picture(studio.file(rendered.outputs[0])), upright) < 2
    assert studio.analyze(file, "metadata", width=10)["metadata"]["orientation"] == 1


def test_an_orientation_that_is_kept_is_applied_by_decoders(studio: Studio) -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    jpeg = studio.save(gradient(60, 40), "in.jpg", exif=exif, quality=95)
    for keep in ("none", "all"):
        data = made_by_us(studio, jpeg, auto_orient=False, keep_metadata=keep)
        upright = gradient(60, 40).transpose(Image.Transpose.ROTATE_270)
        assert difference(Image.fromarray(imagecodecs.jpegxl_decode(data)), upright) < 4


def test_exif_is_kept_and_says_that_the_picture_is_upright(studio: Studio) -> None:
    data = made_by_us(
        studio, studio.write(photo_lying_on_its_side(), "in.jxl"), keep_metadata="all"
    )
    exif = open_picture(studio.write(data, "in.jxl")).getexif()
    assert exif[Base.Artist] == "Jane"
    assert exif.get(Base.Orientation, 1) == 1


def test_the_facts_of_a_file(studio: Studio) -> None:
    metadata = studio.analyze(
        studio.write(encode(noise(60, 40, 4)), "in.jxl"), "metadata", width=10
    )
    assert metadata["metadata"].items() >= {
        "format": "jxl", "width": 60, "height": 40, "frames": 1, "bits": 8, "has_alpha": True,
        "icc": None,
    }.items()  # fmt: skip


def test_a_damaged_or_giant_box_beside_the_picture_is_ignored(studio: Studio) -> None:
    whole = encode(gradient(60, 40), usecontainer=True)
    bomb = box(b"brob", b"Exif" + bytes(imagecodecs.brotli_encode(bytes(64 << 20))))
    assert len(bomb) < 1000
    for more in (bomb, box(b"brob", b"Exif\xff\xff"), b"\0\0\x10\0Exif", b"junk"):
        made = studio.make(studio.write(whole + more, "in.jxl"), format="png", keep_metadata="all")
        assert difference(made, gradient(60, 40)) == 0


def animation(count: int = 3) -> list[Image.Image]:
    return [noise(40, 30).rotate(90 * index) for index in range(count)]


@pytest.fixture
def animated(studio: Studio) -> bytes:
    """Return three frames of 50, 70 and 90 ms that are played twice."""
    first, *later = animation()
    options = {"append_images": later, "duration": [50, 70, 90], "loop": 2, "lossless": True}
    file = studio.save(first, "in.webp", save_all=True, **options)
    return made_by_us(studio, file, lossless=True)


def test_an_animation_keeps_its_frames_and_their_delays(studio: Studio, animated: bytes) -> None:
    rendered = studio.render(studio.write(animated, "in.jxl"), {"format": "webp", "lossless": True})
    assert (rendered.input.frames, rendered.outputs[0].frames) == (3, 3)
    webp = open_picture(studio.file(rendered.outputs[0]))
    assert webp.info["loop"] == 2
    for index, (frame, delay) in enumerate(zip(animation(), (50, 70, 90), strict=True)):
        webp.seek(index)
        assert difference(webp, frame) == 0
        assert webp.info["duration"] == delay


def test_of_an_animation_the_first_frame_can_be_taken(studio: Studio, animated: bytes) -> None:
    webp: dict[str, object] = {"format": "webp", "lossless": True, "frames": "first"}
    png: dict[str, object] = {"format": "png"}
    for options in (png, webp):
        rendered = studio.render(studio.write(animated, "in.jxl"), options)
        assert (rendered.input.frames, rendered.outputs[0].frames) == (3, 1)
        assert difference(open_picture(studio.file(rendered.outputs[0])), animation()[0]) == 0


@pytest.mark.parametrize("cut", [1, 10, 2000])
@pytest.mark.parametrize("frames", ["first", "all"])
def test_a_truncated_animation_is_invalid(
    studio: Studio, animated: bytes, cut: int, frames: str
) -> None:
    with pytest.raises(InvalidImage):
        studio.render(studio.write(animated[:-cut], "in.jxl"), {"format": "webp", "frames": frames})


def test_ticks_of_any_length_become_milliseconds_without_drift() -> None:
    data = encode(animation()[0], append_images=animation(10)[1:])
    delays = peek(data).get("delay")
    assert delays == [100] * 10


@pytest.mark.parametrize(
    ("size", "said"), [((1_000_000, 1_000_000), "1000000x1000000"), ((2**30, 1), "1073741824x1")]
)
def test_a_small_file_that_says_it_is_huge_is_too_large(
    studio: Studio, size: tuple[int, int], said: str
) -> None:
    with pytest.raises(TooLarge, match=f"{said}; the limit is 65535 pixels a side"):
        studio.render(studio.write(says_it_is(*size), "in.jxl"), {})


def test_too_many_pixels_are_refused_before_any_is_decoded(studio: Studio) -> None:
    file = studio.write(encode(noise(60, 40)), "in.jxl")
    with pytest.raises(TooLarge, match="60x40, which is 2400 pixels; the limit is 2399"):
        studio.render(file, {}, limits=replace(LIMITS, max_pixels=2399))


@pytest.mark.parametrize("options", [{}, {"lossless": False, "distance": 1.0}])
async def test_a_picture_that_needs_more_memory_than_a_child_has_is_out_of_memory(
    studio: Studio, options: dict[str, object]
) -> None:
    file = studio.write(
        encode(Image.new("RGB", (6000, 4000), "#357"), effort=1, **options), "in.jxl"
    )
    async with Sandbox.open(1, replace(LIMITS, memory_bytes=200 * 1024**2)) as sandbox:
        with pytest.raises(OutOfMemory):
            await render_file(sandbox, file, studio.outputs, ONE_OUTPUT)


@pytest.mark.parametrize(
    "options", [{}, {"usecontainer": True}, {"lossless": False, "distance": 2.0}]
)
async def test_whatever_is_done_to_a_file_its_child_answers(
    studio: Studio, options: dict[str, object]
) -> None:
    data = encode(noise(80, 70, 4), **options)
    rng = random.Random(7)
    answers = set()
    async with Sandbox.open(1, LIMITS) as sandbox:
        for _ in range(60):
            changed = bytearray(data)
            for _ in range(rng.randint(1, 3)):
                changed[rng.randrange(60 if rng.random() < 0.7 else len(data))] ^= (
                    1 << rng.randrange(8)
                )
            file = studio.write(bytes(changed), "in.jxl")
            try:
                await render_file(sandbox, file, studio.outputs, ONE_OUTPUT)
                answers.add("shown")
            except ImagingError as error:
                answers.add(error.code)
    assert answers <= {"shown", "invalid_image", "unsupported_format", "too_large"}
    assert "invalid_image" in answers


async def test_without_the_extra_it_is_neither_read_nor_written(studio: Studio) -> None:
    file = studio.write(encode(gradient(60, 40)), "in.jxl")
    picture = studio.save(gradient(60, 40), "in.png")
    as_jxl = Pipeline.of(Output(format="jxl"))
    async with Sandbox.open(1, LIMITS, program=program_without("imagecodecs")) as sandbox:
        capabilities = await sandbox.capabilities()
        for source, pipeline in ((file, ONE_OUTPUT), (picture, as_jxl)):
            with pytest.raises(UnsupportedFormat, match="the extra `jxl` is not installed"):
                await render_file(sandbox, source, studio.outputs, pipeline)
    assert set(INPUTS.values()) - set(capabilities.inputs) == {JXL}
    assert set(FORMATS.values()) - set(capabilities.outputs) == {JXL}


def test_an_output_that_cannot_be_written_here_is_refused_at_upload() -> None:
    pipeline = Pipeline.of(Output(name="a", format="png"), Output(name="b", format="jxl"))
    check_formats(pipeline, tuple(FORMATS.values()))
    with pytest.raises(InvalidFields) as refused:
        check_formats(pipeline, {format_ for format_ in FORMATS.values() if format_ is not JXL})
    (error,) = refused.value.errors
    assert error.pointer == "/outputs/1/format"
    assert error.detail == "jxl cannot be written here: the extra `jxl` is not installed"


def test_lossless_keeps_every_pixel_and_quality_decides_the_size(studio: Studio) -> None:
    source = studio.save(noise(80, 60, 4), "in.png")
    lossless = made_by_us(studio, source, lossless=True)
    assert (imagecodecs.jpegxl_decode(lossless) == np.asarray(noise(80, 60, 4))).all()
    sizes = [len(made_by_us(studio, source, quality=quality)) for quality in (10, 50, 80, 95)]
    assert sizes == sorted(sizes)
    assert len(made_by_us(studio, source, max_bytes=sizes[1])) <= sizes[1]
