"""The loaded library, None where the extra `jxl` is not installed.

The wheel of imagecodecs has it for Linux and macOS. Its own Python module gives no colour profile,
no metadata and no header before the pixels, and imports numpy, so that libjxl is called directly.
The module of the wheel is loaded as a plain library: it finds libjxl, whose file has another name
in each version, and symbols are looked up in what it depends on.

It is loaded when an image process starts: one that has opened a picture may not be allowed to load
any more code. That takes 20 ms.
"""

import ctypes
from ctypes import (
    POINTER,
    c_char_p,
    c_float,
    c_int,
    c_int64,
    c_size_t,
    c_ubyte,
    c_void_p,
)
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from imagemill.imaging.engine.libjxl.structures import (
    BasicInfo,
    CmsInterface,
    ColorEncoding,
    ExtraChannelInfo,
    FrameHeader,
    PixelFormat,
)

PACKAGE: Final = "imagecodecs"
MODULE: Final = "_jpegxl.*"

BYTES: Final = POINTER(c_ubyte)

# The types of the result and of the arguments of each function that is called.
FUNCTIONS: Final = MappingProxyType[str, tuple[Any, tuple[Any, ...]]](
    {
        "JxlDecoderCreate": (c_void_p, (c_void_p,)),
        "JxlDecoderDestroy": (None, (c_void_p,)),
        "JxlDecoderSubscribeEvents": (c_int, (c_void_p, c_int)),
        "JxlDecoderSetUnpremultiplyAlpha": (c_int, (c_void_p, c_int)),
        "JxlDecoderSetDecompressBoxes": (c_int, (c_void_p, c_int)),
        "JxlDecoderSetInput": (c_int, (c_void_p, c_void_p, c_size_t)),
        "JxlDecoderCloseInput": (None, (c_void_p,)),
        "JxlDecoderProcessInput": (c_int, (c_void_p,)),
        "JxlDecoderSkipCurrentFrame": (c_int, (c_void_p,)),
        "JxlDecoderGetBasicInfo": (c_int, (c_void_p, POINTER(BasicInfo))),
        "JxlDecoderGetExtraChannelInfo": (c_int, (c_void_p, c_size_t, POINTER(ExtraChannelInfo))),
        "JxlDecoderGetFrameHeader": (c_int, (c_void_p, POINTER(FrameHeader))),
        "JxlDecoderGetColorAsEncodedProfile": (c_int, (c_void_p, c_int, POINTER(ColorEncoding))),
        "JxlDecoderGetICCProfileSize": (c_int, (c_void_p, c_int, POINTER(c_size_t))),
        "JxlDecoderGetColorAsICCProfile": (c_int, (c_void_p, c_int, BYTES, c_size_t)),
        "JxlDecoderSetCms": (c_int, (c_void_p, CmsInterface)),
        "JxlDecoderSetOutputColorProfile": (
            c_int,
            (c_void_p, POINTER(ColorEncoding), BYTES, c_size_t),
        ),
        "JxlDecoderSetImageOutBuffer": (
            c_int,
            (c_void_p, POINTER(PixelFormat), c_void_p, c_size_t),
        ),
        "JxlDecoderGetBoxType": (c_int, (c_void_p, c_char_p, c_int)),
        "JxlDecoderSetBoxBuffer": (c_int, (c_void_p, BYTES, c_size_t)),
        "JxlDecoderReleaseBoxBuffer": (c_size_t, (c_void_p,)),
        "JxlGetDefaultCms": (POINTER(CmsInterface), ()),
        "JxlEncoderCreate": (c_void_p, (c_void_p,)),
        "JxlEncoderDestroy": (None, (c_void_p,)),
        "JxlEncoderInitBasicInfo": (None, (POINTER(BasicInfo),)),
        "JxlEncoderInitFrameHeader": (None, (POINTER(FrameHeader),)),
        "JxlEncoderSetBasicInfo": (c_int, (c_void_p, POINTER(BasicInfo))),
        "JxlEncoderSetICCProfile": (c_int, (c_void_p, c_char_p, c_size_t)),
        "JxlEncoderSetColorEncoding": (c_int, (c_void_p, POINTER(ColorEncoding))),
        "JxlEncoderUseBoxes": (c_int, (c_void_p,)),
        "JxlEncoderAddBox": (c_int, (c_void_p, c_char_p, c_char_p, c_size_t, c_int)),
        "JxlEncoderFrameSettingsCreate": (c_void_p, (c_void_p, c_void_p)),
        "JxlEncoderFrameSettingsSetOption": (c_int, (c_void_p, c_int, c_int64)),
        "JxlEncoderSetFrameLossless": (c_int, (c_void_p, c_int)),
        "JxlEncoderSetFrameDistance": (c_int, (c_void_p, c_float)),
        "JxlEncoderDistanceFromQuality": (c_float, (c_float,)),
        "JxlEncoderSetFrameHeader": (c_int, (c_void_p, POINTER(FrameHeader))),
        "JxlEncoderAddImageFrame": (
            c_int,
            (c_void_p, POINTER(PixelFormat), c_void_p, c_size_t),
        ),
        "JxlEncoderCloseInput": (None, (c_void_p,)),
        "JxlEncoderProcessOutput": (c_int, (c_void_p, POINTER(BYTES), POINTER(c_size_t))),
        "JxlEncoderGetError": (c_int, (c_void_p,)),
    }
)


def _load() -> ctypes.CDLL | None:
    package = find_spec(PACKAGE)
    folders = package.submodule_search_locations if package else None
    file = next((file for folder in folders or () for file in Path(folder).glob(MODULE)), None)
    if file is None:
        return None
    # The number of the system's last error tells that memory was short.
    library = ctypes.CDLL(str(file), use_errno=True)
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


LIBRARY: Final = _load()
