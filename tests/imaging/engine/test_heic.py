"""How HEIC pictures look; the reference is pillow-heif with Pillow, which convert by themselves."""

from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms
from PIL.ExifTags import IFD, Base

from imagemill.imaging.engine.decoders.heic import load
from imagemill.imaging.errors import UnsupportedFormat
from imagemill.imaging.formats import FORMATS, HEIC, INPUTS
from imagemill.imaging.sandbox.sandbox import Sandbox
from imaging.image_processes import ONE_OUTPUT, program_without, render_file
from imaging.studio import (
    LIMITS,
    Studio,
    delta_e,
    difference,
    gradient,
    heic,
    noise,
    p3_profile,
    pixels,
)


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
    assert difference(studio.make(studio.write(data, "in.heic"), format="png"), seen(data)) == 0


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
    made = studio.make(studio.write(file.getvalue(), "in.heic"))
    # Where little of a colour is left, rounding before and after is all that can be seen of it.
    visible = alpha[..., 0] > 64
    assert np.abs(pixels(made, "RGBA") - values)[visible].mean() < 2
    assert np.abs(weighed.astype(int) - values)[visible].mean() > 20


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize(("mode", "bands"), [("RGB;16", 3), ("RGBA;16", 4), ("L;16", 1)])
def test_more_bits_become_eight(studio: Studio, bits: int, mode: str, bands: int) -> None:
    values = ramp(bands)
    file = studio.write(deep(bits, mode, values), "in.heic")
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


def to_srgb(picture: Image.Image) -> Image.Image:
    converted = ImageCms.profileToProfile(
        picture,
        ImageCms.ImageCmsProfile(BytesIO(p3_profile())),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        renderingIntent=ImageCms.Intent.PERCEPTUAL,
        outputMode="RGB",
    )
    assert converted is not None
    return converted


@pytest.mark.parametrize(
    "said",
    [
        {"icc_profile": p3_profile()},
        {"icc_profile": p3_profile(), "icc_profile_type": "rICC"},
        {"color_primaries": 12, "transfer_characteristic": 13, "matrix_coefficients": 6},
    ],
)
def test_display_p3_is_converted_whichever_way_the_file_says_it(
    studio: Studio, said: dict[str, object]
) -> None:
    data = heic(gradient(60, 40), full_range_flag=1, **said)
    made = studio.make(studio.write(data, "in.heic"), format="png")
    # Reference and engine share lcms but not its 8-bit shortcuts: a fraction of what an eye sees.
    assert delta_e(made, to_srgb(seen(data))) < 0.5
    assert delta_e(made, seen(data)) > 2


def test_all_metadata_of_a_phones_photo_is_read(studio: Studio) -> None:
    exif = Image.Exif()
    exif[Base.Make] = "Phone"
    exif[Base.Orientation] = 6
    exif[Base.XResolution] = exif[Base.YResolution] = 300.0
    exif[Base.ResolutionUnit] = 2
    exif.get_ifd(IFD.Exif)[Base.ISOSpeedRatings] = 100
    file = studio.save(gradient(60, 40), "in.heic", exif=exif.tobytes(), icc_profile=p3_profile())
    metadata = studio.analyze(file, "metadata", width=10)["metadata"]
    fields = metadata.pop("exif")
    assert metadata == {
        "format": "heic", "width": 40, "height": 60, "frames": 1, "space": "srgb", "bits": 8,
        "has_alpha": False, "orientation": 1, "icc": "sP3C", "density": 300,
    }  # fmt: skip
    assert fields.items() >= {"Make": "Phone", "ISOSpeedRatings": 100}.items()
    assert "Orientation" not in fields


async def test_without_the_extra_a_heic_is_not_proved_and_nothing_else_is_missing(
    studio: Studio,
) -> None:
    file = studio.save(gradient(60, 40), "in.heic")
    async with Sandbox.open(1, LIMITS, program=program_without("pillow_heif")) as sandbox:
        capabilities = await sandbox.capabilities()
        with pytest.raises(UnsupportedFormat, match="the extra `heic` is not installed"):
            await render_file(sandbox, file, studio.outputs, ONE_OUTPUT)
    assert capabilities.inputs == tuple(one for one in INPUTS.values() if one is not HEIC)
    assert capabilities.outputs == tuple(FORMATS.values())
