"""The decoder of HEIC: pillow-heif decodes the primary picture into an image of libvips.

The decoder applies the file's own rotation and mirroring, so the picture is upright. Its EXIF
orientation is dropped: it should ask for no rotation (ISO/IEC 23000-22, 7.3.10.1), and in photos of
phones repeats the one that has been applied.

pillow-heif is imported when an image process starts, although few pictures need it: it costs 11 ms
then, and a process that has opened a picture may not be allowed to load any more code.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

from imagemill.imaging.engine.decoders.attach import attach_facts
from imagemill.imaging.engine.decoders.heic.boxes import check_boxes
from imagemill.imaging.engine.libvips_errors import explain_decode_error, translate_decode_errors
from imagemill.imaging.errors import InvalidImage, OutOfMemory, UnsupportedFormat
from imagemill.imaging.libvips import Image

try:
    import pillow_heif
except ImportError:
    IS_INSTALLED = False
else:
    IS_INSTALLED = True
    pillow_heif.options.DECODE_THREADS = 0  # one tile after the other, in our own thread
    pillow_heif.options.THUMBNAILS = False
    pillow_heif.options.DEPTH_IMAGES = False
    pillow_heif.options.AUX_IMAGES = False

# pillow-heif's modes as bands, format and interpretation of libvips. Values of more than 8 bits are
# scaled to 16. A lower-case a means that colours are premultiplied.
LAYOUTS: Final = MappingProxyType(
    {
        "L": (1, "uchar", "b-w"),
        "RGB": (3, "uchar", "srgb"),
        "RGBA": (4, "uchar", "srgb"),
        "RGBa": (4, "uchar", "srgb"),
        "I;16": (1, "ushort", "grey16"),
        "RGB;16": (3, "ushort", "rgb16"),
        "RGBA;16": (4, "ushort", "rgb16"),
        "RGBa;16": (4, "ushort", "rgb16"),
    }
)

# Messages of libheif and libde265 when allocation fails. libheif's own limits, which a damaged file
# exceeds, have other messages.
NO_MEMORY: Final = (
    "Memory allocation error: Unspecified",
    "Out of memory",
    "Internal error (unexpected C++ exception)",  # std::bad_alloc
)

# libheif's messages for a number of `nclx` that is reserved.
RESERVED_CODE_POINT: Final = "Unknown NCLX"

# The longest side that libvips can have.
MAX_LIBVIPS_SIDE: Final = 100_000_000


def peek(data: bytes) -> Image:
    """Return a black picture with the size, kind and metadata of the real one.

    Nothing is decoded. Raises what `load` raises.
    """
    picture = _open(data)
    bands, depth, space = LAYOUTS[picture.mode]
    black = Image.black(*picture.size, bands=bands).cast(depth)
    return _attach_metadata(black.copy(interpretation=space), picture)


def load(data: bytes, _frames: int = 1) -> Image:
    """Return the decoded picture, whose pixels are in the memory that the decoder wrote.

    There are no frames besides it.

    Raises InvalidImage, UnsupportedFormat or OutOfMemory. Corrupt data of full length is mostly
    decoded to wrong pixels, since the decoder does not detect it.
    """
    picture = _open(data)
    bands, depth, space = LAYOUTS[picture.mode]
    with _translate_heif_errors():
        pixels = picture.data
    image = Image.new_from_memory(pixels, *picture.size, bands, depth).copy(interpretation=space)
    if picture.premultiplied_alpha:
        image = image.unpremultiply().rint().cast(depth).copy(interpretation=space)
        with translate_decode_errors():
            image = image.copy_memory()
    return _attach_metadata(image, picture)


def _open(data: bytes) -> "pillow_heif.HeifImage":
    if not IS_INSTALLED:
        raise UnsupportedFormat("HEIC cannot be opened here: the extra `heic` is not installed.")
    check_boxes(data)
    with _translate_heif_errors():
        file = pillow_heif.open_heif(data, convert_hdr_to_8bit=False)
        picture = file[file.primary_index]
    if not picture.info["primary"] or picture.mode not in LAYOUTS:
        raise InvalidImage("The picture cannot be decoded: its primary image is damaged.")
    width, height = picture.size
    if not (0 < width <= MAX_LIBVIPS_SIDE and 0 < height <= MAX_LIBVIPS_SIDE):
        raise InvalidImage(
            f"The picture cannot be decoded: its header has the size {width}x{height}."
        )
    return picture


def _attach_metadata(image: Image, picture: "pillow_heif.HeifImage") -> Image:
    """Return the image with the metadata that libvips' own loaders would attach."""
    info: dict[str, Any] = picture.info
    return attach_facts(
        image,
        bits=info["bit_depth"],
        exif=info["exif"] or b"",
        xmp=info.get("xmp", b""),
        profile=bytes(info["icc_profile"]) if "icc_profile" in info else None,
    )


@contextmanager
def _translate_heif_errors() -> Iterator[None]:
    """Raise OutOfMemory, UnsupportedFormat or, for all other exceptions, InvalidImage.

    A damaged file may raise any exception from pillow-heif's own Python code.
    """
    try:
        yield
    except Exception as error:
        reason = str(error).strip().rstrip(".")
        if isinstance(error, MemoryError) or reason.startswith(NO_MEMORY):
            raise OutOfMemory("The picture needs more memory than a job may use.") from error
        if RESERVED_CODE_POINT in reason:
            raise UnsupportedFormat(
                "A HEIC that names its colours by reserved numbers cannot be opened."
            ) from error
        raise explain_decode_error(reason) from error
