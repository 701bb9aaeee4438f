"""Takes a picture into the colour space that its output is to have.

Pictures are converted with the intent "perceptual": profiles of presses have tables that fit a
whole picture into fewer colours, or out of them, without a seam. Profiles of screens, Display P3
among them, have one formula for every intent, and what sRGB lacks is cut to its edge.

A profile that is broken, or for another kind of colours, counts as none. CMYK without one is read
as libvips' generic profile for coated paper has it, the rest as sRGB.
"""

from functools import cache
from typing import Final

from imagemill.imaging.color.levels import BITS
from imagemill.imaging.libvips import GValue, Image, VipsError
from imagemill.imaging.spec.pipeline import ColorSpace

PROFILE: Final = "icc-profile-data"

KINDS: Final = frozenset({"srgb", "rgb16", "b-w", "grey16", "cmyk"})


def to_supported_space(image: Image) -> Image:
    """Return RGB, grey or CMYK of 8 or 16 bits as it is, and others, such as Lab, in sRGB."""
    if image.interpretation in KINDS and image.format in BITS:
        return image
    return to_srgb(image)


def convert_to_space(image: Image, space: ColorSpace) -> Image:
    """Return an ordinary picture in this space. One that is so already stays as it is.

    sRGB comes without a profile and with 8 bits a channel, Display P3 with its profile and 8 bits;
    what is kept has the profile it came with, if that can be used, and 8 or 16 bits.
    """
    match space:
        case "srgb":
            return to_srgb(image)
        case "p3":
            return _to_p3(image)
        case "keep":
            return _drop_unusable_profile(image)


def to_srgb(image: Image) -> Image:
    """Return the picture in sRGB with 8 bits a channel and without a profile."""
    if uses_profile(image):
        image = remove_profile(_convert_by_profile(image, "srgb"))
    if (image.interpretation, image.format) == ("srgb", "uchar"):
        return image
    return image.colourspace("srgb").cast("uchar")


def uses_profile(image: Image) -> bool:
    """Return whether numbers get their colours from a profile. CMYK always does."""
    return bool(image.interpretation == "cmyk" or image.get_typeof(PROFILE))


def get_profile(image: Image) -> bytes | None:
    return bytes(image.get(PROFILE)) if image.get_typeof(PROFILE) else None


def attach_profile(image: Image, profile: bytes) -> Image:
    """Say that the numbers are meant as this profile has them."""
    tagged = image.copy()
    tagged.set_type(GValue.blob_type, PROFILE, profile)
    return tagged


def remove_profile(image: Image) -> Image:
    untagged = image.copy()
    untagged.remove(PROFILE)
    return untagged


@cache
def load_built_in_profile(name: str) -> bytes:
    """Return a profile that libvips brings along: `srgb` or `p3`, of half a kilobyte each."""
    return bytes(Image.profile_load(name))


def _to_p3(image: Image) -> Image:
    if image.format == "uchar" and get_profile(image) == load_built_in_profile("p3"):
        return image
    return _convert_by_profile(image, "p3")


def _convert_by_profile(image: Image, to: str) -> Image:
    """Convert by the picture's profile, and by libvips' own when that is missing or fails."""
    try:
        return image.icc_transform(to, embedded=True, intent="perceptual", depth=8)
    except VipsError:  # a profile that can be opened, and not used
        plain = remove_profile(image)
        return plain.icc_transform(to, embedded=True, intent="perceptual", depth=8)


def _drop_unusable_profile(image: Image) -> Image:
    profile = get_profile(image)
    return image if profile is None or _is_usable(profile, image) else remove_profile(image)


def _is_usable(profile: bytes, image: Image) -> bool:
    """Return whether colours can be read by the profile, and a file can hold it.

    libvips puts its own for one that fails; libpng refuses to write one whose header lies.
    Tried on a pixel apart, since the picture's own may be read only once.
    """
    pixel = Image.black(1, 1, bands=image.bands).cast(image.format)
    pixel = attach_profile(pixel.copy(interpretation=image.interpretation), profile)
    try:
        if image.interpretation != "cmyk":
            pixel.pngsave_buffer(keep="icc")
        return get_profile(pixel.icc_import(embedded=True, intent="relative")) == profile
    except VipsError:
        return False
