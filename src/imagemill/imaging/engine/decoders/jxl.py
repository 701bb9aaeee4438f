"""The decoder of JPEG XL: libjxl decodes frames into an image of libvips.

libjxl applies the orientation of the codestream, so the picture is upright. The one in its EXIF
should be the same and is dropped: that of the codestream counts (jxl/decode.h, box "Exif").
"""

import mmap
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.chromaticities import Chromaticities
from imagemill.imaging.color.code_points import TRANSFERS, ColorSpaceTag, find_tag
from imagemill.imaging.color.tag_image import tag_image
from imagemill.imaging.engine.decoders.attach import attach_facts
from imagemill.imaging.engine.decoders.sides import check_sides
from imagemill.imaging.engine.libjxl.decoder import open_decoder
from imagemill.imaging.engine.libjxl.structures import (
    BLACK_CHANNEL,
    D65,
    GAMMA_CURVE,
    GRAY,
    P3_PRIMARIES,
    REC2100_PRIMARIES,
    SRGB_PRIMARIES,
    UINT8,
    UINT16,
    BasicInfo,
    ColorEncoding,
    PixelFormat,
    Status,
)
from imagemill.imaging.errors import InvalidImage, OutOfMemory, UnsupportedFormat
from imagemill.imaging.libvips import GValue, Image

# Format and interpretation of libvips by the number of colours and of bytes of a sample.
LAYOUTS: Final = MappingProxyType(
    {
        (1, 1): ("uchar", "b-w"),
        (3, 1): ("uchar", "srgb"),
        (1, 2): ("ushort", "grey16"),
        (3, 2): ("ushort", "rgb16"),
    }
)
NARROW_BITS: Final = 8

CONTAINER: Final = b"\0\0\0\x0cJXL "
EXIF_BOX: Final = b"Exif"
XMP_BOX: Final = b"xml "
# The number before the EXIF, of bytes to pass over.
EXIF_OFFSET_BYTES: Final = 4

# Code points of H.273 for libjxl's primaries, where white is D65. Curves have the same numbers.
CODE_POINTS: Final = MappingProxyType({SRGB_PRIMARIES: 1, REC2100_PRIMARIES: 9, P3_PRIMARIES: 12})

MS_A_SECOND: Final = 1000
MAX_INT: Final = 2**31 - 1


@dataclass(slots=True)
class _Header:
    """What stands before the pixels, and the duration of each frame in ticks of the file."""

    info: BasicInfo
    profile: bytes | None = None
    tag: ColorSpaceTag | None = None
    durations: list[int] = field(default_factory=list)

    @property
    def bands(self) -> int:
        return int(self.info.num_color_channels) + bool(self.info.alpha_bits)

    @property
    def sample_bytes(self) -> int:
        return 1 if self.info.bits_per_sample <= NARROW_BITS else 2

    @property
    def layout(self) -> tuple[str, str]:
        return LAYOUTS[self.info.num_color_channels, self.sample_bytes]

    @property
    def delays(self) -> list[int]:
        """Milliseconds of each frame; rounding errors do not add up."""
        ms_a_tick = MS_A_SECOND * self.info.tps_denominator / max(1, self.info.tps_numerator)
        ends = (round(end * ms_a_tick) for end in accumulate(self.durations, initial=0))
        return [min(MAX_INT, after - before) for before, after in pairwise(ends)]


def peek(data: bytes) -> Image:
    """Return a black picture with the size, kind, timing and metadata of the real one.

    No pixel is decoded. Raises what `load` raises, and TooLarge.
    """
    header = _read_header(data)
    depth, space = header.layout
    black = Image.black(header.info.xsize, header.info.ysize, bands=header.bands).cast(depth)
    return _attach(black.copy(interpretation=space), data, header)


def load(data: bytes, frames: int = 1) -> Image:
    """Return the first frames, one below the other, in the memory that the decoder wrote.

    An animation is decoded to its end, since a truncated one is not noticed before. Raises
    InvalidImage, UnsupportedFormat or OutOfMemory.
    """
    header = _read_header(data)
    depth, space = header.layout
    pixels = _decode(data, header, frames)
    tall = Image.new_from_memory(
        pixels, header.info.xsize, header.info.ysize * frames, header.bands, depth
    )
    return _attach(tall.copy(interpretation=space), data, header)


def _read_header(data: bytes) -> _Header:
    """Read up to the last frame, and pass over the pixels.

    Raises TooLarge for sides that are never allowed, before more than them is believed.
    """
    events = (Status.BASIC_INFO, Status.COLOR_ENCODING, Status.FRAME, Status.FULL_IMAGE)
    with open_decoder(data, *events) as decoder:
        if decoder.process() is not Status.BASIC_INFO:
            raise InvalidImage("The picture cannot be decoded: it has no header.")
        header = _Header(decoder.read_basic_info())
        check_sides(header.info.xsize, header.info.ysize)
        if BLACK_CHANNEL in decoder.list_extra_channels(header.info):
            raise UnsupportedFormat("A JPEG XL in CMYK cannot be opened.")
        while (status := decoder.process()) is not Status.SUCCESS:
            match status:
                case Status.COLOR_ENCODING:
                    decoder.keep_file_profile()
                    encoding = decoder.read_color_encoding()
                    header.tag = None if encoding is None else _find_tag(encoding)
                    header.profile = None if header.tag else decoder.read_profile()
                case Status.FRAME:
                    header.durations.append(decoder.read_frame_header().duration)
                case Status.NEED_IMAGE_OUT_BUFFER:
                    decoder.skip_frame()
    return header


def _find_tag(encoding: ColorEncoding) -> ColorSpaceTag | None:
    """Return the colour space of the pixels; None when a profile has to tell it."""
    curve = encoding.transfer_function
    code = CODE_POINTS.get(encoding.primaries) if encoding.white_point == D65 else None
    code = 1 if encoding.color_space == GRAY else code
    if code is not None and curve in TRANSFERS:
        return find_tag(code, curve)
    if curve == GAMMA_CURVE and encoding.gamma > 0:  # of light to signal
        return ColorSpaceTag(
            Chromaticities(
                tuple(encoding.primaries_red_xy),
                tuple(encoding.primaries_green_xy),
                tuple(encoding.primaries_blue_xy),
                tuple(encoding.white_point_xy),
            ),
            1 / encoding.gamma,
        )
    return None


def _decode(data: bytes, header: _Header, frames: int) -> memoryview:
    """Return the pixels of the first frames."""
    info = header.info
    frame_bytes = int(info.xsize) * int(info.ysize) * header.bands * header.sample_bytes
    # Later frames are written over each other, behind those that are wanted.
    has_later = len(header.durations) > frames
    buffer = _allocate(frame_bytes * (frames + has_later))
    format_ = PixelFormat(header.bands, UINT8 if header.sample_bytes == 1 else UINT16)
    done = 0
    with open_decoder(data, Status.COLOR_ENCODING, Status.FULL_IMAGE) as decoder:
        while (status := decoder.process()) is not Status.SUCCESS:
            match status:
                case Status.COLOR_ENCODING:
                    decoder.keep_file_profile()
                case Status.NEED_IMAGE_OUT_BUFFER:
                    decoder.set_pixels(
                        buffer, min(done, frames) * frame_bytes, frame_bytes, format_
                    )
                case Status.FULL_IMAGE:
                    done += 1
    if done < frames:
        raise InvalidImage("The picture cannot be decoded: it has no frame.")
    return memoryview(buffer)[: frame_bytes * frames]


def _allocate(size: int) -> mmap.mmap:
    """Return zeroed memory of its own, which the system takes back at once when it is dropped."""
    try:
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, OverflowError, ValueError) as error:
        raise OutOfMemory("The picture needs more memory than a job may use.") from error


def _attach(image: Image, data: bytes, header: _Header) -> Image:
    boxes = _read_boxes(data) if data.startswith(CONTAINER) else {}
    exif = boxes.get(EXIF_BOX, b"")
    image = attach_facts(
        image,
        bits=header.info.bits_per_sample,
        exif=exif[EXIF_OFFSET_BYTES + int.from_bytes(exif[:EXIF_OFFSET_BYTES]) :],
        xmp=boxes.get(XMP_BOX, b""),
        profile=header.profile,
    )
    image = tag_image(image, header.tag) if header.tag else image
    if header.info.have_animation:
        image.set_type(GValue.gint_type, "n-pages", len(header.durations))
        image.set_type(GValue.gint_type, "page-height", header.info.ysize)
        image.set_type(GValue.array_int_type, "delay", header.delays)
        image.set_type(GValue.gint_type, "loop", min(MAX_INT, header.info.num_loops))
    return image


def _read_boxes(data: bytes) -> dict[bytes, bytes]:
    """Return the first EXIF and XMP of a file in a container; none of those that are damaged."""
    boxes: dict[bytes, bytes] = {}
    with suppress(InvalidImage), open_decoder(data, Status.BOX) as decoder:
        status = decoder.process()
        while status is Status.BOX:
            kind = decoder.read_box_type()
            if kind in {EXIF_BOX, XMP_BOX} - boxes.keys():
                contents, status = decoder.read_box()
                if status is not Status.BOX_NEED_MORE_OUTPUT:
                    boxes[kind] = contents
            else:
                status = decoder.process()
    return boxes
