"""The one decode of a picture, no larger than its largest output needs."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from imagemill.imaging.color.alpha import apply_premultiplied
from imagemill.imaging.color.profiles import to_srgb_or_gray, to_supported_space
from imagemill.imaging.engine.animation import split_frames
from imagemill.imaging.engine.decode_plan import DecodePlan
from imagemill.imaging.engine.decoders import check_whole, load
from imagemill.imaging.engine.decoders.libjpeg_turbo import decode_baseline
from imagemill.imaging.engine.header import Header
from imagemill.imaging.engine.libvips_errors import translate_decode_errors
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import JPEG, TIFF, WEBP
from imagemill.imaging.libvips import Image
from imagemill.imaging.metadata.exif_block import attach_tiff_rights

# Decoders shrink by plain averaging, which aliases. So they leave at least this factor to the final
# resize; measured, a larger one improves neither sharpness nor aliasing.
RESIZE_RESERVE: Final = 1.5

JPEG_SHRINKS: Final = (8, 4, 2)


def decode(data: Data, header: Header, opened: Image, plan: DecodePlan) -> tuple[Image, ...]:
    """Return the frames of the plan, not oriented, and shrunk by no more than the plan allows.

    `opened` is the image that the header was read from; its pixels are those of a plain decode.
    With `plan.hold_in_memory` they may be read repeatedly and in any order. Otherwise no pixel has
    been read yet, and the picture can be read once, from top to bottom.
    """
    factor = plan.max_shrink / RESIZE_RESERVE
    if plan.frames > 1 or (header.animation and not header.animation.is_first_plain):
        with translate_decode_errors():
            return tuple(
                _hold(one, factor, plan) for one in _iter_frames(data, header, plan.frames)
            )
    # None is decoded yet if libvips will do it.
    decoded = _decode_without_libvips(data, header, opened, factor)
    image = to_supported_space(_open(data, header, opened, factor) if decoded is None else decoded)
    if header.format is TIFF and plan.keeps_rights:
        image = attach_tiff_rights(image, data)
    if not plan.hold_in_memory:
        return (image,)
    with translate_decode_errors():
        left = image.width / header.stored.width * factor
        held = _hold(image, left, plan, is_in_memory=decoded is not None)
    check_whole(image, header.stored.height, data)
    return (held,)


def choose_jpeg_shrink(factor: float) -> int:
    """Return by what a JPEG's decoder shrinks, when it may shrink by no more than the factor."""
    return next((shrink for shrink in JPEG_SHRINKS if shrink <= factor), 1)


def _iter_frames(data: Data, header: Header, number: int) -> Iterator[Image]:
    """Yield the first frames, without metadata that is true of an animation alone."""
    if header.animation is None:
        yield from split_frames(load(data, header.format, n=number), header.stored.height)
        return
    size = header.stored
    frames = header.animation.iter_frames(header.format, size.width, size.height)
    for frame in islice(frames, number):
        yield from split_frames(frame, size.height)


def _decode_without_libvips(
    data: Data, header: Header, opened: Image, factor: float
) -> Image | None:
    """Return the picture in memory; None if libvips is to decode it."""
    if header.format is JPEG:
        return decode_baseline(data, opened, choose_jpeg_shrink(factor))
    return load(data, header.format) if header.format.loader is None else None


def _open(data: Data, header: Header, opened: Image, factor: float) -> Image:
    options = _choose_load_options(header, factor)
    return load(data, header.format, **options) if options else opened


def _hold(loaded: Image, factor: float, plan: DecodePlan, *, is_in_memory: bool = False) -> Image:
    image = _shrink(loaded, factor)
    # Colours are converted after the resize, where pixels are fewest, but 16 bits cost memory.
    if plan.only_srgb and image.format != "uchar":
        image = to_srgb_or_gray(image)
    return image if is_in_memory and image is loaded else image.copy_memory()


def _choose_load_options(header: Header, factor: float) -> dict[str, float]:
    if header.format is JPEG and (shrink := choose_jpeg_shrink(factor)) > 1:
        return {"shrink": shrink}
    # libwebp scales without premultiplying, so that colours of invisible pixels would show.
    if header.format is WEBP and not header.has_alpha and factor > 1:
        return {"scale": 1 / factor}
    return {}


def _shrink(image: Image, factor: float) -> Image:
    """Average blocks of pixels, as JPEG's decoder does on load."""
    whole = int(factor)
    if whole <= 1:
        return image
    return apply_premultiplied(image, lambda visible: visible.shrink(whole, whole))
