"""libjxl's encoder as an object of Python, for one picture."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_size_t, c_ubyte
from errno import ENOMEM
from typing import TYPE_CHECKING, Final

from imagemill.imaging.engine.libjxl.library import BYTES, LIBRARY
from imagemill.imaging.engine.libjxl.structures import (
    BasicInfo,
    ColorEncoding,
    EncoderStatus,
    FrameHeader,
    FrameSetting,
    PixelFormat,
)
from imagemill.imaging.errors import OutOfMemory, UnsupportedFormat

if TYPE_CHECKING:
    from typing_extensions import Buffer  # half a MiB in each image process

CHUNK_BYTES: Final = 256 * 1024

# JXL_ENC_ERR_OOM
NO_MEMORY: Final = 2


class EncoderFailed(Exception):
    """libjxl refused what it was given, which is a bug of ours."""


class Encoder:
    """An encoder that is open. Its methods raise OutOfMemory, and EncoderFailed for bugs."""

    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self._library = library
        self._handle = handle
        self._settings = library.JxlEncoderFrameSettingsCreate(handle, None)

    def create_info(self) -> BasicInfo:
        """Return the facts of a picture of 8 bits in RGB, to be changed."""
        info = BasicInfo()
        self._library.JxlEncoderInitBasicInfo(byref(info))
        return info

    def set_info(self, info: BasicInfo) -> None:
        self._check(self._library.JxlEncoderSetBasicInfo(self._handle, byref(info)))

    def set_profile(self, profile: bytes) -> None:
        self._check(self._library.JxlEncoderSetICCProfile(self._handle, profile, len(profile)))

    def set_color_encoding(self, encoding: ColorEncoding) -> None:
        self._check(self._library.JxlEncoderSetColorEncoding(self._handle, byref(encoding)))

    def add_box(self, kind: bytes, contents: bytes) -> None:
        """Add a box of metadata. All are added before the first frame."""
        self._check(self._library.JxlEncoderAddBox(self._handle, kind, contents, len(contents), 0))

    def use_boxes(self) -> None:
        self._check(self._library.JxlEncoderUseBoxes(self._handle))

    def set_option(self, setting: FrameSetting, value: int) -> None:
        self._check(self._library.JxlEncoderFrameSettingsSetOption(self._settings, setting, value))

    def set_quality(self, quality: int) -> None:
        """Set the quality, 1 to 100, which means about that of JPEG."""
        distance = self._library.JxlEncoderDistanceFromQuality(quality)
        self._check(self._library.JxlEncoderSetFrameDistance(self._settings, distance))

    def set_lossless(self) -> None:
        self._check(self._library.JxlEncoderSetFrameLossless(self._settings, 1))

    def set_duration(self, ticks: int) -> None:
        """Set how long the next frame is shown."""
        header = FrameHeader()
        self._library.JxlEncoderInitFrameHeader(byref(header))
        header.duration = ticks
        self._check(self._library.JxlEncoderSetFrameHeader(self._settings, byref(header)))

    def add_frame(self, pixels: "Buffer", format_: PixelFormat) -> None:
        """Add a frame, whose pixels are copied. Their memory has to be writable."""
        memory = memoryview(pixels)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        self._check(
            self._library.JxlEncoderAddImageFrame(
                self._settings, byref(format_), address, memory.nbytes
            )
        )

    def close_input(self) -> None:
        self._library.JxlEncoderCloseInput(self._handle)

    def iter_output(self) -> Iterator[memoryview]:
        """Encode what was added, and yield it in parts, each valid until the next one."""
        chunk = (c_ubyte * CHUNK_BYTES)()
        status = EncoderStatus.NEED_MORE_OUTPUT
        while status is EncoderStatus.NEED_MORE_OUTPUT:
            position, room = ctypes.cast(chunk, BYTES), c_size_t(CHUNK_BYTES)
            ctypes.set_errno(0)
            status = EncoderStatus(
                self._library.JxlEncoderProcessOutput(self._handle, byref(position), byref(room))
            )
            self._check(EncoderStatus.ERROR if status is EncoderStatus.ERROR else 0)
            yield memoryview(chunk).cast("B")[: CHUNK_BYTES - room.value]

    def _check(self, status: int) -> None:
        if status == EncoderStatus.SUCCESS:
            return
        number = self._library.JxlEncoderGetError(self._handle)
        if ctypes.get_errno() == ENOMEM or number == NO_MEMORY:
            raise OutOfMemory("The picture needs more memory than a job may use.")
        raise EncoderFailed(f"libjxl's encoder failed with error {number}")


@contextmanager
def open_encoder() -> Iterator[Encoder]:
    """Yield an encoder. Raises UnsupportedFormat without the extra."""
    library = LIBRARY
    if library is None:
        raise UnsupportedFormat("JPEG XL cannot be written here: the extra `jxl` is not installed.")
    handle = library.JxlEncoderCreate(None)
    if not handle:
        raise OutOfMemory("The picture needs more memory than a job may use.")
    try:
        yield Encoder(library, handle)
    finally:
        library.JxlEncoderDestroy(handle)
