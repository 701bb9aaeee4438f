"""Pictures and measures for tests of colour spaces.

Differences are CIE76, of which an eye sees 1 or more.
"""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from imagemill.imaging.libvips import Image as VipsImage
from imaging.spaces import Levels
from imaging.studio import gradient, pixels

# A level of 8 bits is up to 1.2 in the middle of sRGB and P3, and 2.5 in the dark of Adobe RGB,
# whose curve is steep there. A rounding is half of that.
ROUNDED = 1.2

PRINT = bytes(VipsImage.profile_load("cmyk"))


def levels(picture: Image.Image, mode: str = "RGB") -> Levels:
    """Return levels from 0 to 1, as they are stored."""
    return pixels(picture, mode) / 255


def mild() -> Image.Image:
    """Colours so dull that every space of these tests has them, whichever they are meant in."""
    return Image.fromarray(
        np.interp(pixels(gradient(60, 40)), (0, 255), (100, 150)).round().astype("uint8")
    )


def by_its_profile(picture: Image.Image) -> Image.Image:
    """Return the picture in sRGB as Pillow shows it by the profile that is in the file."""
    shown = ImageCms.profileToProfile(
        picture,
        ImageCms.ImageCmsProfile(BytesIO(picture.info["icc_profile"])),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
    assert shown is not None
    return shown


def inks(width: int = 60, height: int = 40) -> Image.Image:
    """All of cyan, magenta and yellow, and a little black."""
    across, down, _ = gradient(width, height).split()
    black = Image.new("L", (width, height), 40)
    return Image.merge("CMYK", (across, down, across.transpose(Image.Transpose.ROTATE_180), black))
