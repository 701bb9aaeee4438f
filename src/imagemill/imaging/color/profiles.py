"""ICC profiles, and conversion to an output's colour space.

The intent is "perceptual": profiles of presses have tables that compress the gamut smoothly.
Profiles of screens, Display P3 among them, have one formula for every intent, which clips colours
outside sRGB.

A profile that is broken, or for another colour model, is ignored. CMYK without a profile has
libvips' generic one for coated paper, other images are sRGB, but for those that a tag says to be PQ
or HLG: they have no profile, and are rendered for screens of standard range.
"""

from functools import cache
from typing import Final

from imagemill.imaging.color.levels import BITS, to_8_bits
from imagemill.imaging.color.space_tags import get_hdr_tag, remove_tag
from imagemill.imaging.color.tone_mapping import render_for_sdr
from imagemill.imaging.libvips import GValue, Image, VipsError
from imagemill.imaging.spec.bounds import ColorSpace

PROFILE: Final = "icc-profile-data"

GRAY: Final = frozenset({"b-w", "grey16"})
KINDS: Final = frozenset({"srgb", "rgb16", "cmyk"}) | GRAY


def to_supported_space(image: Image) -> Image:
    """Return RGB, grey and CMYK of 8 or 16 bits unchanged, and others, such as Lab, in sRGB."""
    if image.interpretation in KINDS and image.format in BITS:
        return image
    return to_srgb(image)


def convert_to_space(image: Image, space: ColorSpace) -> Image:
    """Return an image of `to_supported_space` in this colour space.

    "srgb" has no profile and 8 bits a channel, grey one channel; "p3" has its profile and 8 bits;
    "keep" has the image's own profile, if it is usable, and 8 or 16 bits.
    """
    match space:
        case "srgb":
            return to_srgb_or_gray(image)
        case "p3":
            return _to_p3(image)
        case "keep":
            return _drop_unusable_profile(image)


def to_srgb_or_gray(image: Image) -> Image:
    """Return the picture as `to_srgb` does, but grey in one channel, of the same levels."""
    if image.interpretation not in GRAY:
        return to_srgb(image)
    hdr = get_hdr_tag(image)
    if hdr is not None:
        return render_for_sdr(image, hdr, "srgb")
    if not uses_profile(image):
        return to_8_bits(image)
    return take_gray(to_srgb(image))


def take_gray(image: Image) -> Image:
    """Return a picture in sRGB whose channels are equal as one channel, with its alpha."""
    gray = image[0].bandjoin(image[image.bands - 1]) if image.hasalpha() else image[0]
    return gray.copy(interpretation="b-w")


def to_srgb(image: Image) -> Image:
    """Return the picture in sRGB with 8 bits a channel and without a profile."""
    hdr = get_hdr_tag(image)
    if hdr is not None:
        image = render_for_sdr(image, hdr, "srgb")
    elif uses_profile(image):
        image = remove_profile(_convert_by_profile(image, "srgb"))
    if (image.interpretation, image.format) == ("srgb", "uchar"):
        return image
    return image.colourspace("srgb").cast("uchar")


def uses_profile(image: Image) -> bool:
    """Return whether levels are converted by a profile. Those of CMYK always are."""
    return bool(image.interpretation == "cmyk" or image.get_typeof(PROFILE))


def get_profile(image: Image) -> bytes | None:
    return bytes(image.get(PROFILE)) if image.get_typeof(PROFILE) else None


def attach_profile(image: Image, profile: bytes) -> Image:
    """Return the image tagged with the profile. Levels are not converted."""
    tagged = image.copy()
    tagged.set_type(GValue.blob_type, PROFILE, profile)
    return tagged


def remove_profile(image: Image) -> Image:
    """Return the image without its profile, and without the tag that the profile is of."""
    untagged = image.copy()
    untagged.remove(PROFILE)
    return remove_tag(untagged)


@cache
def load_built_in_profile(name: str) -> bytes:
    """Return one of libvips' built-in profiles, of half a kilobyte: `srgb`, `sgrey` or `p3`."""
    return bytes(Image.profile_load(name))


def _to_p3(image: Image) -> Image:
    if image.format == "uchar" and get_profile(image) == load_built_in_profile("p3"):
        return image
    hdr = get_hdr_tag(image)
    if hdr is not None and image.bands > 2:  # noqa: PLR2004 - grey, with alpha
        return attach_profile(render_for_sdr(image, hdr, "p3"), load_built_in_profile("p3"))
    gray = image if hdr is None else render_for_sdr(image, hdr, "srgb")
    return remove_tag(_convert_by_profile(gray, "p3"))


def _convert_by_profile(image: Image, to: str) -> Image:
    """Convert by the image's profile, or by libvips' default if that is missing or fails."""
    try:
        return image.icc_transform(to, embedded=True, intent="perceptual", depth=8)
    except VipsError:  # the profile can be opened, but not used
        plain = remove_profile(image)
        return plain.icc_transform(to, embedded=True, intent="perceptual", depth=8)


def _drop_unusable_profile(image: Image) -> Image:
    profile = get_profile(image)
    return image if profile is None or _is_usable(profile, image) else remove_profile(image)


def _is_usable(profile: bytes, image: Image) -> bool:
    """Return whether libvips can convert by the profile, and libpng writes it.

    libvips replaces a profile that fails by its default; libpng refuses one with a wrong header. A
    separate pixel is tried, since the image may be read only once.
    """
    pixel = Image.black(1, 1, bands=image.bands).cast(image.format)
    pixel = attach_profile(pixel.copy(interpretation=image.interpretation), profile)
    try:
        if image.interpretation != "cmyk":
            pixel.pngsave_buffer(keep="icc")
        return get_profile(pixel.icc_import(embedded=True, intent="relative")) == profile
    except VipsError:
        return False
