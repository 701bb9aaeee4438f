"""HEIC pictures; the reference is pillow-heif with Pillow, which turn and convert by themselves."""

import random
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageOps
from PIL.ExifTags import IFD, Base

from imagemill.imaging.engine.decoders.heic import load
from imagemill.imaging.errors import (
    ImagingError,
    InvalidImage,
    OutOfMemory,
    TooLarge,
    UnsupportedFormat,
)
from imagemill.imaging.formats import FORMATS, HEIC, INPUTS
from imagemill.imaging.libvips import Image as VipsImage
from imagemill.imaging.sandbox.sandbox import Sandbox
from imaging.image_processes import ONE_OUTPUT, render_file
from imaging.studio import (
    LIMITS,
    Studio,
    delta_e,
    difference,
    gradient,
    heic,
    noise,
    open_picture,
    pixels,
)

# Where a little number stands for the orientation in EXIF as Pillow writes it.
ORIENTATION = bytes.fromhex("0112 0003 00000001 00")

# Starts an image process without the extra `heic`.
HIDING = "import sys; sys.modules['pillow_heif'] = None"
STARTING = "from imagemill.imaging.sandbox.image_process_main import main; main()"
WITHOUT_THE_EXTRA = (sys.executable, "-c", f"{HIDING}; {STARTING}")


def write(studio: Studio, data: bytes) -> Path:
    file = studio.inputs / "in.heic"
    file.write_bytes(data)
    return file


def seen(data: bytes) -> Image.Image:
    """Return the picture as pillow-heif decodes it."""
    return pillow_heif.open_heif(data).to_pillow()


def deep(bits: int, mode: str, values: np.ndarray) -> bytes:
    """Encode values of 16 bits with this many."""
    file = BytesIO()
    height, width = values.shape[:2]
    pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    try:
        pillow_heif.encode(
            mode, (width, height), values.astype("<u2").tobytes(), file, quality=-1, chroma=444
        )
    finally:
        pillow_heif.options.SAVE_HDR_TO_12_BIT = False
    return file.getvalue()


def ramp(bands: int) -> np.ndarray:
    """All 16 bits from left to right, each band half as bright as the one before."""
    across = np.linspace(0, 65535, 64)[np.newaxis, :, np.newaxis].repeat(48, 0)
    return (across * 0.5 ** np.arange(bands)).round()


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_heic_looks_as_it_did_before_it_was_encoded(studio: Studio, mode: str) -> None:
    picture = gradient(61, 47).convert(mode)
    made = studio.make(studio.save(picture, "in.heic"), format="png")
    # Even without loss, colours make their way through YCbCr of 8 bits.
    assert difference(made, picture) < 1


def test_a_photo_of_half_the_colors_looks_as_its_decoder_says(studio: Studio) -> None:
    data = heic(noise(64, 48), quality=60, chroma=420)
    assert difference(studio.make(write(studio, data), format="png"), seen(data)) == 0


def test_without_a_format_a_heic_becomes_a_jpeg(studio: Studio) -> None:
    assert studio.make(studio.save(gradient(60, 40), "in.heic")).format == "JPEG"


def test_without_a_format_a_heic_with_alpha_becomes_a_png(studio: Studio) -> None:
    made = studio.make(studio.save(gradient(60, 40).convert("RGBA"), "in.heic"))
    assert (made.format, made.mode) == ("PNG", "RGBA")


def see_through(width: int, height: int) -> Image.Image:
    picture = gradient(width, height)
    picture.putalpha(Image.linear_gradient("L").resize((width, height)))
    return picture


def test_alpha_is_kept(studio: Studio) -> None:
    picture = see_through(60, 40)
    made = studio.make(studio.save(picture, "in.heic"))
    assert difference(made, picture, "RGBA") < 1


def test_colors_that_were_multiplied_by_alpha_are_given_back(studio: Studio) -> None:
    picture = see_through(60, 40)
    values = pixels(picture, "RGBA")
    alpha = values[..., 3:]
    weighed = np.dstack([values[..., :3] * alpha / 255, alpha]).round().astype("uint8")
    file = BytesIO()
    pillow_heif.encode("RGBa", picture.size, weighed.tobytes(), file, quality=-1, chroma=444)
    made = studio.make(write(studio, file.getvalue()))
    # Where little of a colour is left, rounding before and after is all that can be seen of it.
    visible = alpha[..., 0] > 64
    assert np.abs(pixels(made, "RGBA") - values)[visible].mean() < 2
    assert np.abs(weighed.astype(int) - values)[visible].mean() > 20


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize(("mode", "bands"), [("RGB;16", 3), ("RGBA;16", 4), ("L;16", 1)])
def test_more_bits_become_eight(studio: Studio, bits: int, mode: str, bands: int) -> None:
    values = ramp(bands)
    file = write(studio, deep(bits, mode, values))
    made = studio.make(file, format="png")
    expected = Image.fromarray((values / 65535 * 255).round().astype("uint8").squeeze())
    shown = {1: "L", 3: "RGB", 4: "RGBA"}[bands]
    assert made.mode == shown
    assert difference(made, expected, shown) < 1
    assert studio.analyze(file, "metadata", width=10)["metadata"]["bits"] == bits


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize(
    ("mode", "bands", "space"), [("L;16", 1, "grey16"), ("RGB;16", 3, "rgb16")]
)
def test_more_bits_reach_libvips(bits: int, mode: str, bands: int, space: str) -> None:
    values = ramp(bands)
    loaded = load(deep(bits, mode, values))
    assert (loaded.format, loaded.interpretation) == ("ushort", space)
    step = 2 ** (16 - bits)
    # Half of one is lost to the decoder's floor, as much on the way through YCbCr.
    assert np.abs(loaded.numpy().reshape(values.shape) - values).mean() < step


def p3() -> bytes:
    return bytes(VipsImage.profile_load("p3"))


def to_srgb(picture: Image.Image) -> Image.Image:
    converted = ImageCms.profileToProfile(
        picture,
        ImageCms.ImageCmsProfile(BytesIO(p3())),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        renderingIntent=ImageCms.Intent.PERCEPTUAL,
        outputMode="RGB",
    )
    assert converted is not None
    return converted


@pytest.mark.parametrize(
    "said",
    [
        {"icc_profile": p3()},
        {"icc_profile": p3(), "icc_profile_type": "rICC"},
        {"color_primaries": 12, "transfer_characteristic": 13, "matrix_coefficients": 6},
    ],
)
def test_display_p3_is_converted_whichever_way_the_file_says_it(
    studio: Studio, said: dict[str, object]
) -> None:
    data = heic(gradient(60, 40), full_range_flag=1, **said)
    made = studio.make(write(studio, data), format="png")
    # Reference and engine share lcms but not its 8-bit shortcuts: a fraction of what an eye sees.
    assert delta_e(made, to_srgb(seen(data))) < 0.5
    assert delta_e(made, seen(data)) > 2


def twice_oriented(orientation: int) -> bytes:
    """Return a picture of which both EXIF and the file itself say how to turn it."""
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    return heic(gradient(60, 40), exif=exif.tobytes())


def with_exif_saying(orientation: int, data: bytes) -> bytes:
    at = data.index(ORIENTATION) + len(ORIENTATION)
    return data[:at] + bytes([orientation]) + data[at + 1 :]


def once_oriented(orientation: int) -> bytes:
    """Return a picture that asks for the turn by itself, while EXIF knows of none."""
    return with_exif_saying(1, twice_oriented(orientation))


@pytest.mark.parametrize("asked", [{}, {"auto_orient": False}])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("oriented", [twice_oriented, once_oriented])
def test_a_turn_that_the_file_asks_for_is_made_once(
    studio: Studio, oriented: Callable[[int], bytes], orientation: int, asked: dict[str, object]
) -> None:
    picture = gradient(60, 40)
    picture.getexif()[Base.Orientation] = orientation
    upright = ImageOps.exif_transpose(picture)
    rendered = studio.render(write(studio, oriented(orientation)), asked | {"format": "png"})
    assert (rendered.input.width, rendered.input.height) == upright.size
    made = open_picture(studio.file(rendered.outputs[0]))
    assert difference(made, upright) < 1
    assert not made.getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_that_only_exif_has_is_ignored(studio: Studio, orientation: int) -> None:
    file = write(studio, with_exif_saying(orientation, twice_oriented(1)))
    assert difference(studio.make(file, format="png"), gradient(60, 40)) < 1
    assert studio.analyze(file, "metadata", width=10)["metadata"]["orientation"] == 1


def test_all_metadata_of_a_phones_photo_is_read(studio: Studio) -> None:
    exif = Image.Exif()
    exif[Base.Make] = "Phone"
    exif[Base.Orientation] = 6
    exif[Base.XResolution] = exif[Base.YResolution] = 300.0
    exif[Base.ResolutionUnit] = 2
    exif.get_ifd(IFD.Exif)[Base.ISOSpeedRatings] = 100
    file = studio.save(gradient(60, 40), "in.heic", exif=exif.tobytes(), icc_profile=p3())
    metadata = studio.analyze(file, "metadata", width=10)["metadata"]
    fields = metadata.pop("exif")
    assert metadata == {
        "format": "heic", "width": 40, "height": 60, "frames": 1, "space": "srgb", "bits": 8,
        "has_alpha": False, "orientation": 1, "icc": "sP3C", "density": 300,
    }  # fmt: skip
    assert fields.items() >= {"Make": "Phone", "ISOSpeedRatings": 100}.items()
    assert "Orientation" not in fields


def test_the_primary_picture_is_taken(studio: Studio) -> None:
    assert studio.render(write(studio, several()), {}).input.width == 32


def several() -> bytes:
    """Return three pictures, of which the second is the primary one."""
    file, images = BytesIO(), pillow_heif.from_pillow(gradient(60, 40))
    images.add_from_pillow(gradient(32, 24))
    images.add_from_pillow(gradient(16, 16))
    images.save(file, primary_index=1)
    return file.getvalue()


def test_no_other_picture_stands_in_for_a_damaged_primary_one(studio: Studio) -> None:
    data = several()
    codec = data.index(b"hvcC", data.index(b"hvcC") + 1)
    with pytest.raises(InvalidImage):
        studio.render(write(studio, data[:codec] + b"free" + data[codec + 4 :]), {})


def test_a_picture_in_tiles_is_put_together(studio: Studio) -> None:
    file = studio.save(gradient(200, 150), "in.heic", tile_size=64)
    assert difference(studio.make(file, format="png"), gradient(200, 150)) < 1


@pytest.mark.parametrize("sixteenths", [*range(1, 16), 15.9])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_truncated_picture_in_tiles_or_with_alpha_is_invalid(
    studio: Studio, mode: str, sixteenths: float
) -> None:
    whole = heic(noise(160, 160).convert(mode), tile_size=64)
    with pytest.raises(InvalidImage, match=r"^The picture cannot be decoded: .*\.$"):
        studio.render(write(studio, whole[: int(len(whole) * sixteenths / 16)]), {"width": 20})


@pytest.mark.parametrize("tail", [b"\0" * 4, b"SEFT", b"\xff" * 40])
def test_what_a_camera_left_behind_the_picture_is_no_harm(studio: Studio, tail: bytes) -> None:
    assert studio.render(write(studio, heic(gradient(60, 40)) + tail), {}).input.width == 60


def test_a_box_may_have_a_long_length_or_reach_to_the_end(studio: Studio) -> None:
    data = heic(gradient(60, 40))
    at = data.index(b"mdat") - 4
    open_ended = data[:at] + bytes(4) + data[at + 4 :]
    assert studio.render(write(studio, open_ended), {}).input.width == 60
    padding = struct.pack(">I4sQ", 1, b"free", 16 + 9) + bytes(9)
    assert studio.render(write(studio, data + padding), {}).input.width == 60
    with pytest.raises(InvalidImage, match="the file is truncated"):
        studio.render(write(studio, data + struct.pack(">I4sQ", 1, b"mdat", 99)), {})


def test_an_image_sequence_is_not_supported(studio: Studio) -> None:
    box = struct.pack(">I4s", 116, b"moov") + struct.pack(">I4s", 108, b"mvhd") + bytes(100)
    with pytest.raises(UnsupportedFormat, match="image sequence"):
        studio.render(write(studio, b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc" + box), {})


def test_the_still_picture_beside_a_sequence_is_decoded(studio: Studio) -> None:
    data = heic(gradient(60, 40))
    assert (
        studio.render(write(studio, data.replace(b"ftypheic", b"ftyphevc", 1)), {}).input.width
        == 60
    )


def with_size(width: int, height: int) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        at = data.index(b"ispe") + 8
        return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]

    return changed


def with_bits(bits: int) -> Callable[[bytes], bytes]:
    """Return a mutation of the depth in the header."""

    def changed(data: bytes) -> bytes:
        at = data.index(b"hvcC") + 21
        return data[:at] + bytes([0xF8 | bits - 8] * 2) + data[at + 2 :]

    return changed


def without_data(data: bytes) -> bytes:
    """Say that the first part of the coded picture is one byte long."""
    at = data.index(b"mdat") + 4
    return data[:at] + struct.pack(">I", 1) + data[at + 4 :]


@pytest.mark.parametrize(
    "damage",
    [
        with_size(61, 40),
        with_size(5000, 5000),
        with_size(2**31, 2**31),
        with_size(0, 0),
        with_bits(10),
        with_bits(15),
        without_data,
        lambda data: data.replace(b"pitm", b"free"),
        lambda data: data.replace(b"hvcC", b"free"),
        lambda data: data.replace(b"hvc1", b"j2k1"),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_lie_about_the_picture_is_invalid(
    studio: Studio, damage: Callable[[bytes], bytes], mode: str
) -> None:
    data = heic(gradient(60, 40).convert(mode))
    assert damage(data) != data
    with pytest.raises(InvalidImage):
        studio.render(write(studio, damage(data)), {})


@pytest.mark.parametrize(
    ("size", "error", "said"),
    [
        ((10_000, 10_001), TooLarge, "10000x10001"),
        ((66_000, 1), TooLarge, "66000x1"),
        ((2**28, 64), InvalidImage, "268435456x64"),
        ((64, 2**32 - 1), InvalidImage, "64x0"),  # more than the decoder counts
    ],
)
def test_a_picture_in_tiles_that_says_it_is_huge_is_refused(
    studio: Studio, size: tuple[int, int], error: type[ImagingError], said: str
) -> None:
    in_tiles = heic(gradient(100, 80), tile_size=64)
    with pytest.raises(error, match=said):
        studio.render(write(studio, with_size(*size)(in_tiles)), {})


async def test_a_picture_that_needs_more_memory_than_a_child_has_is_out_of_memory(
    studio: Studio,
) -> None:
    quickly = {"quality": 1, "chroma": 420, "enc_params": {"preset": "ultrafast"}}
    large = heic(Image.new("RGB", (6000, 4000)), tile_size=2000, **quickly)
    file = write(studio, large)
    async with Sandbox.open(1, replace(LIMITS, memory_bytes=150 * 1024**2)) as sandbox:
        with pytest.raises(OutOfMemory):
            await render_file(sandbox, file, studio.outputs, ONE_OUTPUT)


def test_too_many_pixels_are_refused_before_any_is_decoded(studio: Studio) -> None:
    cannot_be_decoded = write(studio, without_data(heic(gradient(60, 40))))
    with pytest.raises(TooLarge, match="60x40, which is 2400 pixels; the limit is 2399"):
        studio.render(cannot_be_decoded, {}, limits=replace(LIMITS, max_pixels=2399))


@pytest.mark.parametrize("options", [{"quality": 80}, {"tile_size": 64}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
async def test_whatever_is_done_to_a_file_its_child_answers(
    studio: Studio, mode: str, options: dict[str, object]
) -> None:
    exif = Image.Exif()
    exif[Base.Make] = "Phone"
    options = options | {"exif": exif.tobytes(), "icc_profile": p3(), "xmp": b"<x/>"}
    data = heic(noise(80, 70).convert(mode), **options)
    rng = random.Random(7)
    answers = set()
    async with Sandbox.open(1, LIMITS) as sandbox:
        for _ in range(80):
            file = write(studio, damaged(data, rng))
            try:
                await render_file(sandbox, file, studio.outputs, ONE_OUTPUT)
                answers.add("shown")
            except ImagingError as error:
                answers.add(error.code)
    assert answers <= {"shown", "invalid_image", "unsupported_format", "too_large"}
    assert {"shown", "invalid_image"} <= answers


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Change a few bytes, most of them before the coded picture, where they mean the most."""
    changed = bytearray(data)
    described = data.index(b"mdat")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(described if rng.random() < 0.8 else len(data))
        changed[at] ^= 1 << rng.randrange(8) if rng.random() < 0.5 else rng.randrange(1, 256)
    return bytes(changed)


async def test_without_the_extra_a_heic_is_not_proved_and_nothing_else_is_missing(
    studio: Studio,
) -> None:
    file = studio.save(gradient(60, 40), "in.heic")
    async with Sandbox.open(1, LIMITS, program=WITHOUT_THE_EXTRA) as sandbox:
        capabilities = await sandbox.capabilities()
        with pytest.raises(UnsupportedFormat, match="the extra `heic` is not installed"):
            await render_file(sandbox, file, studio.outputs, ONE_OUTPUT)
    assert capabilities.inputs == tuple(one for one in INPUTS.values() if one is not HEIC)
    assert capabilities.outputs == tuple(FORMATS.values())
