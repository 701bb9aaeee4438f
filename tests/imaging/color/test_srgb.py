"""Colours come out as sRGB, whatever went in; the reference is Pillow's ImageCms."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from imagemill.imaging.libvips import Image as VipsImage
from imaging.studio import Studio, delta_e, difference, gradient, pixels, srgb_profile


def profile(name: str) -> bytes:
    """Return a profile that libvips brings along: `cmyk` or `p3`."""
    return bytes(VipsImage.profile_load(name))


def to_srgb(picture: Image.Image, profile_bytes: bytes) -> Image.Image:
    converted = ImageCms.profileToProfile(
        picture,
        ImageCms.ImageCmsProfile(BytesIO(profile_bytes)),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        renderingIntent=ImageCms.Intent.PERCEPTUAL,
        outputMode="RGB",
    )
    assert converted is not None
    return converted


def test_a_wide_gamut_profile_is_converted(studio: Studio) -> None:
    picture = gradient(60, 40)
    made = studio.make(studio.save(picture, "in.png", icc_profile=profile("p3")))
    # Reference and engine share lcms but not its 8-bit shortcuts: a fraction of what an eye sees.
    assert delta_e(made, to_srgb(picture, profile("p3"))) < 0.5
    assert delta_e(made, picture) > 2


def test_cmyk_with_a_profile_is_converted_by_it(studio: Studio) -> None:
    picture = gradient(60, 40).convert("CMYK")
    file = studio.save(picture, "in.jpg", quality=100, subsampling=0, icc_profile=profile("cmyk"))
    made = studio.make(file, format="png")
    assert made.mode == "RGB"
    # JPEG's own rounding of four inks is in it too.
    assert delta_e(made, to_srgb(picture, profile("cmyk"))) < 1.5


def test_cmyk_without_a_profile_looks_like_print(studio: Studio) -> None:
    inks = Image.new("CMYK", (80, 20), (0, 0, 0, 0))
    for at, ink in enumerate([(0, 0, 0, 0), (0, 0, 0, 255), (0, 255, 255, 0), (255, 0, 0, 0)]):
        inks.paste(ink, (at * 20, 0, at * 20 + 20, 20))
    made = pixels(studio.make(studio.save(inks, "in.jpg", quality=100), format="png"))
    white, black, red, cyan = (made[10, at * 20 + 10] for at in range(4))
    # Paper is light, black ink dark, and red and cyan have the right hue; more is the press's say.
    assert white.min() > 245
    assert black.max() < 70
    assert red[0] > 180
    assert red[1:].max() < 90
    assert cyan[0] < 70
    assert cyan[1:].min() > 130


@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_gray_stays_gray(studio: Studio, extension: str) -> None:
    picture = gradient(64, 64).convert("L")
    made = studio.make(studio.save(picture, f"in.{extension}", quality=100), format="png")
    assert difference(made, picture.convert("RGB")) < 1


def test_sixteen_bits_become_eight(studio: Studio) -> None:
    deep = np.linspace(0, 65535, 256).round().astype("uint16").reshape(16, 16)
    made = studio.make(studio.save(Image.fromarray(deep), "in.png"))
    # 256 steps of 257.
    assert difference(made, Image.fromarray((deep / 257).round().astype("uint8"))) == 0
    assert made.mode == "L"


def test_a_palette_is_resolved(studio: Studio) -> None:
    picture = gradient(64, 64).quantize(64)
    made = studio.make(studio.save(picture, "in.png"))
    assert difference(made, picture.convert("RGB")) == 0


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "CMYK"])
@pytest.mark.parametrize("broken", [b"no profile", srgb_profile()[:200]])
def test_a_broken_profile_is_ignored(studio: Studio, mode: str, broken: bytes) -> None:
    picture = gradient(32, 32).convert(mode)
    extension = "jpg" if mode == "CMYK" else "png"
    plain = studio.make(studio.save(picture, f"plain.{extension}"), name="plain", format="png")
    made = studio.make(
        studio.save(picture, f"in.{extension}", icc_profile=broken), name="made", format="png"
    )
    assert difference(made, plain) == 0


@pytest.mark.parametrize("extension", ["png", "jpg"])
@pytest.mark.parametrize("at", [20, 187, 388, 456])
def test_a_profile_that_cannot_be_combined_with_another_is_ignored(
    studio: Studio, extension: str, at: int
) -> None:
    broken = bytearray(profile("p3"))
    broken[at] ^= 0xFF
    plain = studio.make(studio.save(gradient(32, 32), f"plain.{extension}"), format="png")
    file = studio.save(gradient(32, 32), f"in.{extension}", icc_profile=bytes(broken))
    assert difference(studio.make(file, format="png"), plain) == 0


def test_a_profile_for_another_color_model_is_ignored(studio: Studio) -> None:
    picture = gradient(32, 32)
    made = studio.make(studio.save(picture, "in.png", icc_profile=profile("cmyk")))
    assert difference(made, picture) <= 1
