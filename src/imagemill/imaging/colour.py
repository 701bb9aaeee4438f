"""Converts to sRGB with 8 bits a channel, whatever the colours were."""

from typing import Final

from imagemill.imaging.libvips import Image

PROFILE: Final = "icc-profile-data"


def to_srgb(image: Image) -> Image:
    """Return the picture in sRGB and without a profile. One that is so already stays as it is.

    A profile that is broken, or for another kind of colours, counts as none. CMYK without one is
    read as libvips' generic profile for coated paper has it, the rest as sRGB.
    """
    if image.interpretation == "cmyk" or image.get_typeof(PROFILE):
        image = image.icc_transform("srgb", embedded=True, intent="perceptual", depth=8).copy()
        image.remove(PROFILE)
    if (image.interpretation, image.format) == ("srgb", "uchar"):
        return image
    return image.colourspace("srgb")
