"""Outputs in Display P3 and in the picture's own space, against formulas in `spaces`.

Differences are CIE76; `colours.ROUNDED` is what a rounding to 8 bits may make of it.
"""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from imagemill.imaging.errors import DoesNotFit
from imagemill.imaging.libvips import Image as VipsImage
from imaging import deep_png
from imaging.colors import PRINT, ROUNDED, by_its_profile, inks, levels, mild
from imaging.spaces import ADOBE, P3, SRGB, Space, distances, gray_profile, scanner_profile
from imaging.studio import Studio, difference, gradient, open_picture

WITH_PROFILE = ["jpeg", "png", "webp", "avif", "tiff"]


@pytest.mark.parametrize("space", [SRGB, P3, ADOBE])
def test_a_picture_looks_the_same_in_p3(studio: Studio, space: Space) -> None:
    file = studio.save(mild(), "in.png", icc_profile=space.profile())
    made = studio.make(file, color_space="p3")
    assert distances(P3.lab(levels(made)), space.lab(levels(mild()))).max() < ROUNDED
    # What we say of the numbers is what they are.
    assert distances(SRGB.lab(levels(by_its_profile(made))), P3.lab(levels(made))).max() < ROUNDED


@pytest.mark.parametrize("space", [P3, ADOBE])
def test_colors_that_srgb_lacks_are_cut_there_and_stay_in_p3(studio: Studio, space: Space) -> None:
    file = studio.save(gradient(60, 40), "in.png", icc_profile=space.profile())
    meant = space.lab(levels(gradient(60, 40)))
    in_srgb = levels(studio.make(file, name="narrow"))
    in_p3 = levels(studio.make(file, name="wide", color_space="p3"))
    for space_, made in ((SRGB, in_srgb), (P3, in_p3)):
        cut = space_.lab(space_.from_lab(meant))
        assert distances(space_.lab(made), cut).max() < ROUNDED
    # P3's corners are 10 to 30 from the nearest that sRGB has.
    assert distances(SRGB.lab(in_srgb), meant).max() > 10


def test_a_picture_in_p3_stays_as_it_is(studio: Studio) -> None:
    ours = bytes(VipsImage.profile_load("p3"))
    file = studio.save(gradient(60, 40), "in.png", icc_profile=ours)
    made = studio.make(file, color_space="p3")
    assert difference(made, gradient(60, 40)) == 0
    assert made.info["icc_profile"] == ours


@pytest.mark.parametrize("format_", WITH_PROFILE)
@pytest.mark.parametrize("keep_metadata", ["none", "icc", "copyright", "all"])
def test_p3_has_its_profile_for_every_keep_metadata(
    studio: Studio, format_: str, keep_metadata: str
) -> None:
    file = studio.save(gradient(60, 40), "in.jpg")
    made = studio.make(file, format=format_, color_space="p3", keep_metadata=keep_metadata)
    assert made.info["icc_profile"] == bytes(VipsImage.profile_load("p3"))


@pytest.mark.parametrize("format_", WITH_PROFILE)
@pytest.mark.parametrize("keep_metadata", ["none", "icc", "copyright", "all"])
def test_keep_leaves_the_profile_of_the_input(
    studio: Studio, format_: str, keep_metadata: str
) -> None:
    profile = ADOBE.profile()
    file = studio.save(mild(), "in.png", icc_profile=profile)
    asked = {"format": format_, "color_space": "keep", "keep_metadata": keep_metadata}
    made = studio.make(file, **asked, quality=None if format_ in {"png", "tiff"} else 95)
    assert made.info["icc_profile"] == profile
    # Encoders lose up to a level or two; the numbers were not converted, which moves them by ten.
    assert difference(made, mild()) < 2


def test_keep_leaves_every_pixel(studio: Studio) -> None:
    file = studio.save(gradient(60, 40), "in.png", icc_profile=ADOBE.profile())
    assert difference(studio.make(file, color_space="keep"), gradient(60, 40)) == 0


@pytest.mark.parametrize("keep_metadata", ["none", "icc", "copyright", "all"])
def test_srgb_has_a_profile_where_one_is_asked_for(studio: Studio, keep_metadata: str) -> None:
    file = studio.save(mild(), "in.png", icc_profile=ADOBE.profile())
    made = studio.make(file, keep_metadata=keep_metadata)
    assert ("icc_profile" in made.info) == (keep_metadata in {"icc", "all"})
    if "icc_profile" in made.info:
        assert difference(by_its_profile(made), made) < 0.2
    assert distances(SRGB.lab(levels(made)), ADOBE.lab(levels(mild()))).max() < ROUNDED


@pytest.mark.parametrize("gamma", [1.4, 1.8, 2.2])
def test_gray_is_converted_by_its_profile(studio: Studio, gamma: float) -> None:
    ramp = Image.linear_gradient("L").resize((64, 64))
    file = studio.save(ramp, "in.png", icc_profile=gray_profile(gamma))
    light = levels(ramp, "L") ** gamma
    for space, name in ((SRGB, "srgb"), (P3, "p3")):
        made = levels(studio.make(file, name=name, color_space=name))
        # One level of rounding, and one where a curve is so steep that libvips' tables are coarse.
        assert np.abs(made - space.coded(light)[..., np.newaxis]).max() <= 2.5 / 255
    kept = studio.make(file, name="kept", color_space="keep")
    assert kept.mode == "L"
    assert kept.info["icc_profile"] == gray_profile(gamma)
    assert difference(kept, ramp, "L") == 0


@pytest.mark.parametrize("format_", ["webp", "avif", "gif"])
def test_gray_with_a_profile_becomes_srgb_where_it_cannot_be_kept(
    studio: Studio, format_: str
) -> None:
    ramp = Image.linear_gradient("L").resize((64, 64))
    file = studio.save(ramp, "in.png", icc_profile=gray_profile(1.0))
    made = studio.make(file, format=format_, color_space="keep")
    assert "icc_profile" not in made.info
    expected = SRGB.coded(levels(ramp, "L"))[..., np.newaxis]
    # Lossy encoders stray by two levels in the mean. Unconverted, the middle would be 60 darker.
    assert np.abs(levels(made) - expected).mean() < 3 / 255


@pytest.mark.parametrize("profile", [PRINT, None])
@pytest.mark.parametrize("format_", ["jpeg", "tiff"])
def test_cmyk_is_kept_in_jpeg_and_tiff(studio: Studio, profile: bytes | None, format_: str) -> None:
    file = studio.save(inks(), "in.tiff", icc_profile=profile)
    quality = {"quality": 100} if format_ == "jpeg" else {}
    made = studio.make(file, format=format_, color_space="keep", **quality)
    assert made.mode == "CMYK"
    assert made.info.get("icc_profile") == profile
    # JPEG spreads the colours of two pixels at full quality, which is some levels at our edges.
    assert difference(made, inks(), "CMYK") <= (2 if format_ == "jpeg" else 0)


@pytest.mark.parametrize("format_", ["png", "webp", "avif", "gif"])
def test_cmyk_becomes_srgb_in_other_formats(studio: Studio, format_: str) -> None:
    file = studio.save(inks(), "in.jpg", quality=100, icc_profile=PRINT)
    kept = studio.make(file, name="kept", format=format_, color_space="keep")
    converted = studio.make(file, name="converted", format=format_)
    assert difference(kept, converted) == 0
    assert "icc_profile" not in kept.info


def test_cmyk_is_converted_to_p3_by_its_profile(studio: Studio) -> None:
    file = studio.save(inks(), "in.tiff", icc_profile=PRINT)
    made = studio.make(file, format="png", color_space="p3")
    expected = ImageCms.profileToProfile(
        inks(),
        ImageCms.ImageCmsProfile(BytesIO(PRINT)),
        ImageCms.ImageCmsProfile(BytesIO(P3.profile())),
        renderingIntent=ImageCms.Intent.PERCEPTUAL,
        outputMode="RGB",
    )
    assert expected is not None
    # Two versions of lcms interpolate the same table of a press.
    assert distances(P3.lab(levels(made)), P3.lab(levels(expected))).mean() < 0.5


def test_a_palette_with_transparency_looks_the_same_in_p3(studio: Studio) -> None:
    picture = mild().quantize(16)
    picture.info["transparency"] = 3
    file = studio.save(picture, "in.png", transparency=3)
    made = studio.make(file, color_space="p3").convert("RGBA")
    expected = picture.convert("RGBA")
    assert difference(made.getchannel("A"), expected.getchannel("A"), "L") == 0
    assert distances(P3.lab(levels(made)), SRGB.lab(levels(expected))).max() < ROUNDED


BROKEN = [
    b"no profile",
    P3.profile()[:200],
    PRINT,
    gray_profile(2.2),
    # These can be opened, and fail only where colours are to be converted by them.
    P3.profile().replace(b"para", b"pxra"),
    P3.profile().replace(b"mntr", b"link"),
]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("space", ["srgb", "p3", "keep"])
def test_an_unusable_profile_is_ignored(studio: Studio, broken: bytes, space: str) -> None:
    made = studio.make(
        studio.save(mild(), "in.png", icc_profile=broken), name="made", color_space=space
    )
    plain = studio.make(studio.save(mild(), "plain.png"), name="plain", color_space=space)
    assert made.info.get("icc_profile") == plain.info.get("icc_profile")
    assert difference(made, plain) == 0


@pytest.mark.parametrize("space", ["srgb", "p3"])
def test_a_profile_that_is_only_read_converts_to_srgb_and_p3(studio: Studio, space: str) -> None:
    profile = scanner_profile()
    file = studio.save(mild(), "in.png", icc_profile=profile)
    kept = studio.make(file, name="kept", color_space="keep", width=30)
    assert kept.info["icc_profile"] == profile
    # The profile's lightness is the mean of the channels, by which there is no colour.
    expected = levels(mild()).mean(axis=-1, keepdims=True) * (100, 0, 0)
    shown = {"srgb": SRGB, "p3": P3}[space].lab(
        levels(studio.make(file, name=space, color_space=space))
    )
    assert distances(shown, expected).max() < ROUNDED


@pytest.mark.parametrize("step", [{"grayscale": True}, {"pad": 1}, {"tint": "#a08870"}])
def test_a_step_that_needs_the_inverse_of_such_a_profile_is_rejected(
    studio: Studio, step: dict[str, object]
) -> None:
    file = studio.save(mild(), "in.png", icc_profile=scanner_profile())
    with pytest.raises(DoesNotFit, match="The picture's profile can only be converted from"):
        studio.render(file, {"color_space": "keep", **step})


@pytest.mark.parametrize(
    ("space", "type_"), [("srgb", "uchar"), ("p3", "uchar"), ("keep", "ushort")]
)
def test_floating_point_numbers_become_levels(studio: Studio, space: str, type_: str) -> None:
    file = studio.save(Image.new("F", (20, 20), 0.5), "in.tiff")
    output = studio.render(file, {"color_space": space}).outputs[0]
    assert VipsImage.new_from_file(str(studio.file(output))).format == type_


def test_a_gif_has_no_place_for_p3(studio: Studio) -> None:
    file = studio.save(gradient(20, 20), "in.gif")
    with pytest.raises(DoesNotFit, match="gif, which has no place for the profile"):
        studio.render(file, {"color_space": "p3"})
    assert studio.make(file, color_space="keep").format == "GIF"


def test_keep_in_a_gif_is_srgb(studio: Studio) -> None:
    file = studio.save(mild(), "in.png", icc_profile=ADOBE.profile())
    kept = studio.make(file, name="kept", format="gif", color_space="keep")
    assert difference(kept, studio.make(file, name="converted", format="gif")) == 0


def test_outputs_of_one_picture_may_have_different_color_spaces(studio: Studio) -> None:
    file = deep_png.write(studio.inputs / "in.png", deep_png.gradient(), P3.profile())
    names = ("srgb", "p3", "keep")
    rendered = studio.render(file, *[dict[str, object](name=n, color_space=n) for n in names])
    srgb, p3, kept = (studio.file(output) for output in rendered.outputs)
    # Through sRGB, P3 would have lost its corners.
    assert np.abs(levels(open_picture(p3)) - deep_png.gradient() / 65535).max() <= 1.5 / 255
    assert np.array_equal(deep_png.read(kept), deep_png.gradient())
    meant = P3.lab(deep_png.gradient() / 65535)
    cut = SRGB.lab(SRGB.from_lab(meant))
    assert distances(SRGB.lab(levels(open_picture(srgb))), cut).max() < ROUNDED


@pytest.mark.parametrize("format_", ["png", "jpeg", "webp", "tiff", "avif"])
def test_a_profile_with_a_wrong_header_is_not_kept(studio: Studio, format_: str) -> None:
    profile = bytearray(ADOBE.profile())
    profile[:4] = (len(profile) + 4).to_bytes(4)
    file = studio.save(mild(), "in.jpg", icc_profile=bytes(profile))
    assert "icc_profile" not in studio.make(file, color_space="keep", format=format_).info
