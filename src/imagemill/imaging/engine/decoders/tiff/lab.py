"""CIE Lab as TIFFs store it, to sRGB.

CIELab has L of 0 to 100 over the whole range of an unsigned sample, and a and b as signed numbers;
with 16 bits, those are 256 times as large. ICCLab has a and b with an offset instead, and with 16
bits 100 is 65280. Sources: TIFF 6.0, section 23; Adobe Photoshop TIFF Technical Notes (CIELab of 16
bits); Adobe PageMaker 6.0 TIFF Technical Notes (ICCLab); ICC.1:2001-04, annex A.
"""

from typing import Final

from imagemill.imaging.color.profiles import remove_profile
from imagemill.imaging.engine.decoders.tiff.layout import Layout, Photometric
from imagemill.imaging.libvips import Image

LAB_BANDS: Final = 3
WIDE_WHITE: Final = 65280


def decode_lab(image: Image, layout: Layout) -> Image:
    """Return the image, of which each band has the samples as stored, in sRGB with 8 bits.

    Lab is relative to the white of prints, D50, as in ICC profiles, unless the file says otherwise.
    """
    step = 1 if image.format == "uchar" else 256
    colors = image.extract_band(0, n=LAB_BANDS)
    is_icc = layout.photometric == Photometric.ICC_LAB
    white = WIDE_WHITE if is_icc and step > 1 else 256 * step - 1
    light = colors.extract_band(0) * (100 / white)
    opponents = colors.extract_band(1, n=2)
    signed = opponents - 128 * step if is_icc else _to_signed(opponents, 256 * step)
    lab = light.bandjoin(signed / step).cast("float").copy(interpretation="lab")
    srgb = _to_srgb(lab, is_d65=layout.is_d65)
    if image.bands == LAB_BANDS:
        return srgb
    alpha = (image.extract_band(LAB_BANDS) / (1 if step == 1 else 257)).rint().cast("uchar")
    return srgb.bandjoin(alpha)


def _to_signed(samples: Image, values: int) -> Image:
    """Return unsigned numbers as the signed ones with the same bits."""
    return (samples + values // 2) % values - values // 2


def _to_srgb(lab: Image, *, is_d65: bool) -> Image:
    if is_d65:
        return remove_profile(lab.colourspace("srgb"))
    return remove_profile(lab.icc_export(output_profile="srgb", intent="relative", depth=8))
