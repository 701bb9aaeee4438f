"""The header of an image file, read before any pixel, and its check against the limits."""

from dataclasses import dataclass
from typing import Final

from imagemill.imaging.camera_raw import find_camera_raw
from imagemill.imaging.engine.decoders import peek
from imagemill.imaging.engine.decoders.animated import Animation, read_animation
from imagemill.imaging.engine.decoders.buffering import count_buffered_bytes
from imagemill.imaging.engine.decoders.sides import check_sides
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.errors import TooLarge, UnsupportedFormat
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import INPUTS, SNIFF_BYTES, TIFF, Format, sniff
from imagemill.imaging.libvips import Image, get_int
from imagemill.imaging.limits import Limits
from imagemill.imaging.metadata.blocks import EXIF, get_block
from imagemill.imaging.metadata.density import Density, read_density
from imagemill.imaging.metadata.tiff_tags import has_palette

# EXIF orientations: 1 is upright, 2 to 4 mirror or turn by half, 5 to 8 by a quarter.
UPRIGHT: Final = 1
SIDEWAYS: Final = frozenset({5, 6, 7, 8})

FULL_BITS: Final = 8


@dataclass(frozen=True, slots=True)
class Header:
    """Facts of a file. `stored` is the size before the EXIF `orientation` (1 to 8) is applied.

    `frames` counts those of an animation and is 1 for others: pages of a TIFF and further pictures
    of a HEIC are ignored. `has_few_colors`: the file has a palette, or grey of less than 8
    bits. `buffered_bytes` is what the decoder holds of a progressive or interlaced file, and 0 for
    other files. `animation` is what libvips does not read of the frames.
    """

    format: Format
    stored: Size
    frames: int
    orientation: int
    has_alpha: bool
    has_few_colors: bool
    buffered_bytes: int
    timing: Timing
    density: Density | None
    animation: Animation | None = None

    @property
    def has_only_first(self) -> bool:
        """Whether only the first of several frames can be decoded."""
        return self.animation is not None and not self.animation.parts

    @property
    def upright(self) -> Size:
        return self.stored.transpose() if self.orientation in SIDEWAYS else self.stored


def open_image(data: Data) -> tuple[Header, Image]:
    """Read the header, and return it with its image, of which no pixel is read.

    Raises UnsupportedFormat when the first bytes are of no known format, InvalidImage when the
    header cannot be read.
    """
    format_ = _sniff(data)
    image = peek(data, format_)
    animation = read_animation(data, format_, image)
    header = Header(
        format=format_,
        stored=Size(image.width, image.height),
        frames=_count_frames(image, format_, animation),
        orientation=_read_orientation(image),
        has_alpha=animation.has_alpha if animation else image.hasalpha(),
        has_few_colors=_has_few_colors(data, format_, image),
        buffered_bytes=count_buffered_bytes(data, format_, image),
        timing=(animation and animation.timing) or _read_timing(image),
        density=read_density(data, format_, get_block(image, EXIF)),
        animation=animation,
    )
    return header, image


def check_limits(header: Header, limits: Limits) -> None:
    """Raise TooLarge when sides, frames, pixels or buffered bytes exceed the limits."""
    size, frames = header.stored, header.frames
    check_sides(size.width, size.height)
    if frames > limits.max_frames:
        raise TooLarge(f"The picture has {frames} frames; the limit is {limits.max_frames}.")
    if size.pixels * frames > limits.max_pixels:
        of_frames = f" with {frames} frames" if frames > 1 else ""
        raise TooLarge(
            f"The picture is {size}{of_frames}, which is {size.pixels * frames} pixels;"
            f" the limit is {limits.max_pixels}."
        )
    if header.buffered_bytes > limits.buffered_bytes:
        raise TooLarge(
            f"The picture is {size} and {header.format.progressive_term}, so that its decoder needs"
            f" {header.buffered_bytes >> 20} MiB; the limit is {limits.buffered_bytes >> 20} MiB."
        )


def _sniff(data: Data) -> Format:
    format_ = sniff(data[:SNIFF_BYTES])
    camera_raw = find_camera_raw(data) if format_ in {None, TIFF} else None
    if camera_raw:
        raise UnsupportedFormat(
            f"The file is a camera RAW ({camera_raw}). Develop it into a JPEG or a TIFF."
        )
    if format_ is None:
        known = ", ".join(INPUTS)
        raise UnsupportedFormat(f"The file is in none of the supported formats: {known}.")
    return format_


def _has_few_colors(data: Data, format_: Format, image: Image) -> bool:
    # libvips reports no palette of a TIFF.
    is_indexed = has_palette(data) if format_ is TIFF else get_int(image, "palette", 0) != 0
    return is_indexed or get_int(image, "bits-per-sample", FULL_BITS) < FULL_BITS


def _count_frames(image: Image, format_: Format, animation: Animation | None) -> int:
    if animation is not None:
        return animation.frames
    return get_int(image, "n-pages", 1) if format_.has_frames else 1


def _read_timing(image: Image) -> Timing:
    delays = image.get("delay") if image.get_typeof("delay") else ()
    return Timing(tuple(delays), get_int(image, "loop", 1))


def _read_orientation(image: Image) -> int:
    orientation = get_int(image, "orientation", UPRIGHT)
    return orientation if orientation in range(1, 9) else UPRIGHT
