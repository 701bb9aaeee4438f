"""Structures and numbers of libjxl's C interface, as its headers of version 0.11 have them.

Source: jxl/types.h, jxl/codestream_header.h, jxl/color_encoding.h, jxl/cms_interface.h,
jxl/decode.h and jxl/encode.h. Fields of libjxl's enumerations are integers.
"""

from ctypes import (
    Structure,
    c_double,
    c_float,
    c_int,
    c_int32,
    c_size_t,
    c_uint8,
    c_uint32,
    c_void_p,
)
from enum import IntEnum
from typing import Final

# JxlDataType. Samples have the byte order of the machine.
UINT8: Final = 2
UINT16: Final = 3

BLACK_CHANNEL: Final = 4

# Numbers of a ColorEncoding.
RGB: Final = 0
GRAY: Final = 1
D65: Final = 1
SRGB_PRIMARIES: Final = 1
REC2100_PRIMARIES: Final = 9
P3_PRIMARIES: Final = 11
SRGB_CURVE: Final = 13
GAMMA_CURVE: Final = 65535

# Which profile is meant: the file's, or that of the pixels that the decoder returns.
OF_FILE: Final = 0
OF_PIXELS: Final = 1


class Status(IntEnum):
    """What the decoder stops for."""

    SUCCESS = 0
    ERROR = 1
    NEED_MORE_INPUT = 2
    NEED_IMAGE_OUT_BUFFER = 5
    BOX_NEED_MORE_OUTPUT = 7
    BASIC_INFO = 0x40
    COLOR_ENCODING = 0x100
    FRAME = 0x400
    FULL_IMAGE = 0x1000
    BOX = 0x4000


class EncoderStatus(IntEnum):
    SUCCESS = 0
    ERROR = 1
    NEED_MORE_OUTPUT = 2


class FrameSetting(IntEnum):
    EFFORT = 0


class PixelFormat(Structure):
    _fields_ = (
        ("num_channels", c_uint32),
        ("data_type", c_int),
        ("endianness", c_int),
        ("align", c_size_t),
    )


class BasicInfo(Structure):
    _fields_ = (
        ("have_container", c_int),
        ("xsize", c_uint32),
        ("ysize", c_uint32),
        ("bits_per_sample", c_uint32),
        ("exponent_bits_per_sample", c_uint32),
        ("intensity_target", c_float),
        ("min_nits", c_float),
        ("relative_to_max_display", c_int),
        ("linear_below", c_float),
        ("uses_original_profile", c_int),
        ("have_preview", c_int),
        ("have_animation", c_int),
        ("orientation", c_int),
        ("num_color_channels", c_uint32),
        ("num_extra_channels", c_uint32),
        ("alpha_bits", c_uint32),
        ("alpha_exponent_bits", c_uint32),
        ("alpha_premultiplied", c_int),
        ("preview_xsize", c_uint32),
        ("preview_ysize", c_uint32),
        ("tps_numerator", c_uint32),
        ("tps_denominator", c_uint32),
        ("num_loops", c_uint32),
        ("have_timecodes", c_int),
        ("intrinsic_xsize", c_uint32),
        ("intrinsic_ysize", c_uint32),
        ("padding", c_uint8 * 100),
    )


class ExtraChannelInfo(Structure):
    _fields_ = (
        ("type", c_int),
        ("bits_per_sample", c_uint32),
        ("exponent_bits_per_sample", c_uint32),
        ("dim_shift", c_uint32),
        ("name_length", c_uint32),
        ("alpha_premultiplied", c_int),
        ("spot_color", c_float * 4),
        ("cfa_channel", c_uint32),
    )


class FrameHeader(Structure):
    _fields_ = (
        ("duration", c_uint32),
        ("timecode", c_uint32),
        ("name_length", c_uint32),
        ("is_last", c_int),
        ("have_crop", c_int),
        ("crop_x0", c_int32),
        ("crop_y0", c_int32),
        ("xsize", c_uint32),
        ("ysize", c_uint32),
        ("blend_mode", c_int),
        ("blend_source", c_uint32),
        ("blend_alpha", c_uint32),
        ("blend_clamp", c_int),
        ("save_as_reference", c_uint32),
    )


class ColorEncoding(Structure):
    _fields_ = (
        ("color_space", c_int),
        ("white_point", c_int),
        ("white_point_xy", c_double * 2),
        ("primaries", c_int),
        ("primaries_red_xy", c_double * 2),
        ("primaries_green_xy", c_double * 2),
        ("primaries_blue_xy", c_double * 2),
        ("transfer_function", c_int),
        ("gamma", c_double),
        ("rendering_intent", c_int),
    )


class CmsInterface(Structure):
    """libjxl's own conversion of colours, which is passed on as it is."""

    _fields_ = (("pointers", c_void_p * 8),)
