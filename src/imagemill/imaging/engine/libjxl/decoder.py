"""libjxl's decoder as an object of Python, for a file that is whole in memory."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_size_t
from errno import ENOMEM
from mmap import mmap
from typing import Final

from imagemill.imaging.engine.libjxl.library import LIBRARY
from imagemill.imaging.engine.libjxl.structures import (
    OF_FILE,
    OF_PIXELS,
    BasicInfo,
    ColorEncoding,
    ExtraChannelInfo,
    FrameHeader,
    PixelFormat,
    Status,
)
from imagemill.imaging.errors import InvalidImage, OutOfMemory, UnsupportedFormat

BOX_TYPE_BYTES: Final = 4

# More EXIF or XMP than this is not read. Its box may be compressed a thousandfold.
MAX_BOX_BYTES: Final = 4 * 1024 * 1024


class Decoder:
    """A decoder that is open, with a file. Its methods raise InvalidImage and OutOfMemory."""

    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self._library = library
        self._handle = handle

    def process(self) -> Status:
        """Decode up to the next event that was subscribed to, or the next buffer that is needed."""
        ctypes.set_errno(0)
        status = Status(self._library.JxlDecoderProcessInput(self._handle))
        if status in {Status.ERROR, Status.NEED_MORE_INPUT}:
            # libjxl has one status for damage, an early end and a lack of memory.
            raise _out_of_memory() if ctypes.get_errno() == ENOMEM else _damaged()
        return status

    def read_basic_info(self) -> BasicInfo:
        info = BasicInfo()
        self._check(self._library.JxlDecoderGetBasicInfo(self._handle, byref(info)))
        return info

    def list_extra_channels(self, info: BasicInfo) -> list[int]:
        """Return the type of each channel besides those of colour."""
        channel, types = ExtraChannelInfo(), []
        for index in range(info.num_extra_channels):
            self._check(
                self._library.JxlDecoderGetExtraChannelInfo(self._handle, index, byref(channel))
            )
            types.append(int(channel.type))
        return types

    def read_frame_header(self) -> FrameHeader:
        header = FrameHeader()
        self._check(self._library.JxlDecoderGetFrameHeader(self._handle, byref(header)))
        return header

    def keep_file_profile(self) -> None:
        """Get pixels in the ICC profile of a file whose own are in libjxl's colour space.

        Without one, or if libjxl cannot convert to it, they are in a colour space that
        `read_profile` tells.
        """
        profile = self._read_icc(OF_FILE)
        if profile is not None and self.read_color_encoding(OF_FILE) is None:
            buffer = (ctypes.c_ubyte * len(profile)).from_buffer_copy(profile)
            self._library.JxlDecoderSetOutputColorProfile(self._handle, None, buffer, len(profile))

    def read_color_encoding(self, target: int = OF_PIXELS) -> ColorEncoding | None:
        """Return the colour space by its numbers; None when it is known by an ICC profile only."""
        encoding = ColorEncoding()
        status = self._library.JxlDecoderGetColorAsEncodedProfile(
            self._handle, target, byref(encoding)
        )
        return encoding if status == Status.SUCCESS else None

    def read_profile(self) -> bytes | None:
        """Return the ICC profile of the pixels, computed from numbers if the file has no other."""
        return self._read_icc(OF_PIXELS)

    def set_pixels(self, buffer: mmap, start: int, size: int, format_: PixelFormat) -> None:
        """Have the next frame written into this part of the buffer, until FULL_IMAGE."""
        address = ctypes.addressof(ctypes.c_char.from_buffer(buffer, start))
        self._check(
            self._library.JxlDecoderSetImageOutBuffer(self._handle, byref(format_), address, size)
        )

    def read_box_type(self) -> bytes:
        """Return the type of the box whose event this is."""
        name = ctypes.create_string_buffer(BOX_TYPE_BYTES)
        self._check(self._library.JxlDecoderGetBoxType(self._handle, name, 1))
        return name.raw

    def read_box(self) -> tuple[bytes, Status]:
        """Return the contents of the box whose event this is, and the next event.

        That is BOX_NEED_MORE_OUTPUT for a box of more than MAX_BOX_BYTES, which is not read.
        """
        box = (ctypes.c_ubyte * MAX_BOX_BYTES)()
        self._check(self._library.JxlDecoderSetBoxBuffer(self._handle, box, MAX_BOX_BYTES))
        status = self.process()
        rest = self._library.JxlDecoderReleaseBoxBuffer(self._handle)
        return bytes(memoryview(box)[: MAX_BOX_BYTES - rest]), status

    def skip_frame(self) -> None:
        """Pass over the frame whose buffer is needed. Its bytes have to be there."""
        self._check(self._library.JxlDecoderSkipCurrentFrame(self._handle))

    def _read_icc(self, target: int) -> bytes | None:
        size = c_size_t()
        status = self._library.JxlDecoderGetICCProfileSize(self._handle, target, byref(size))
        if status != Status.SUCCESS or not size.value:
            return None
        profile = (ctypes.c_ubyte * size.value)()
        status = self._library.JxlDecoderGetColorAsICCProfile(
            self._handle, target, profile, size.value
        )
        return bytes(profile) if status == Status.SUCCESS else None

    @staticmethod
    def _check(status: int) -> None:
        if status != Status.SUCCESS:
            raise _damaged()


@contextmanager
def open_decoder(data: bytes, *events: Status) -> Iterator[Decoder]:
    """Yield a decoder that stops at these events. Raises UnsupportedFormat without the extra."""
    library = LIBRARY
    if library is None:
        raise UnsupportedFormat("JPEG XL cannot be opened here: the extra `jxl` is not installed.")
    handle = library.JxlDecoderCreate(None)
    if not handle:
        raise _out_of_memory()
    try:
        for status in (
            library.JxlDecoderSubscribeEvents(handle, sum(events)),
            library.JxlDecoderSetUnpremultiplyAlpha(handle, 1),
            library.JxlDecoderSetDecompressBoxes(handle, 1),
            library.JxlDecoderSetCms(handle, library.JxlGetDefaultCms().contents),
            library.JxlDecoderSetInput(handle, data, len(data)),
        ):
            if status != Status.SUCCESS:
                raise _damaged()
        library.JxlDecoderCloseInput(handle)
        yield Decoder(library, handle)
    finally:
        library.JxlDecoderDestroy(handle)


def _damaged() -> InvalidImage:
    return InvalidImage("The picture cannot be decoded: its data is damaged or ends early.")


def _out_of_memory() -> OutOfMemory:
    return OutOfMemory("The picture needs more memory than a job may use.")
