"""Converts to sRGB with 8 bits a channel, whatever the colours were."""

from typing import Final

from imagemill.imaging.libvips import Image, VipsError

PROFILE: Final = "icc-profile-data"


def to_srgb(image: Image) -> Image:
    """Return the picture in sRGB and without a profile. One that is so already stays as it is.

    A profile that is broken, or for another kind of colours, counts as none. CMYK without one is
    read as libvips' generic profile for coated paper has it, the rest as sRGB.
    """
    if image.get_typeof(PROFILE):
        try:
            image = _converted(image)
        except VipsError:  # some damage shows only when lcms joins the profile with that of sRGB
            image = _without_profile(image)
    if image.interpretation == "cmyk":
        image = _converted(image)
    if (image.interpretation, image.format) == ("srgb", "uchar"):
        return image
    return image.colourspace("srgb")


def _converted(image: Image) -> Image:
    return _without_profile(
        image.icc_transform("srgb", embedded=True, intent="perceptual", depth=8)
    )


def _without_profile(image: Image) -> Image:
    bare = image.copy()
    bare.remove(PROFILE)
    return bare
