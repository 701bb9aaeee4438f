"""A picture as Pillow and lcms show it: its first frame, upright, in sRGB with alpha."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from imaging.studio import LIMITS

# Height, width, and red, green, blue, alpha.
Pixels = NDArray[np.uint8]

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
# Pillow's modes by the colour spaces of profiles.
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}

pillow_heif.register_heif_opener()


class Refused(Exception):
    """Pillow cannot open the file, or not to its last pixel."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What Pillow makes of a file; `kind` is its name of the format."""

    kind: str
    pixels: Pixels


def read_reference(file: Path) -> Reference:
    """Raise Refused for what Pillow does not take, more pixels than imagemill's included."""
    Image.MAX_IMAGE_PIXELS = LIMITS.max_pixels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file) as image:
                image.load()
                kind, upright = image.format or "", ImageOps.exif_transpose(image)
                return Reference(kind, np.asarray(_to_srgb(upright)))
        except Exception as error:  # its decoders raise whatever Python does
            raise Refused(f"{type(error).__name__}: {error}") from error


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = _read_profile(image)
    image = _to_eight_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode in {"P", "YCbCr", "HSV"}:
        image = image.convert("RGB")
    if profile is None:
        return image.convert("RGBA")
    mode = MODES[profile.profile.xcolor_space.strip()]
    if image.mode == "RGBA" and mode == "RGB":
        converted = _transform(image.convert("RGB"), profile)
        converted.putalpha(image.getchannel("A"))
        return converted
    return (_transform(image, profile) if image.mode == mode else image).convert("RGBA")


def _read_profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    data = image.info.get("icc_profile")
    if not data:
        return LAB if image.mode == "LAB" else None
    try:
        return ImageCms.ImageCmsProfile(BytesIO(data))
    except OSError:
        return None


def _transform(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(
            image, profile, SRGB, ImageCms.Intent.PERCEPTUAL, outputMode="RGB"
        )
    except ImageCms.PyCMSError:  # a profile that is damaged
        return image
    assert converted is not None
    return converted


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale grey of more bits; Pillow itself would cut it off at 255.

    A level of 16 bits may be said to be transparent, by the chunk tRNS of a PNG.
    """
    if image.mode.startswith("I;16"):
        if (hidden := image.info.get("transparency")) is not None:
            return _hide(np.asarray(image), hidden)
        levels = np.asarray(image).astype(np.float64) / (2**16 - 1)
    elif image.mode == "I":
        levels = np.asarray(image).view(np.uint32) / (2**32 - 1)
    elif image.mode == "F":
        levels = np.nan_to_num(np.asarray(image))
    else:
        return image
    return Image.fromarray((levels.clip(0, 1) * 255).round().astype(np.uint8))


def _hide(levels: NDArray[np.uint16], hidden: int) -> Image.Image:
    alpha = np.where(levels == hidden, 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([(levels / 257).round().astype(np.uint8), alpha]))
