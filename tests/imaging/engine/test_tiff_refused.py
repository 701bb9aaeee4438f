"""TIFFs that would not come out right are refused with the reason."""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import process_time
from typing import Any

import numpy as np
import pytest

from imagemill.imaging.errors import UnsupportedFormat
from imaging.studio import Studio
from imaging.tiff_files import (
    ASSOCIATED,
    COLORS,
    EXTRA,
    GREY,
    HIGH,
    WIDE,
    store,
    with_alpha,
)
from imaging.tiffs import (
    CMYK,
    LAB,
    MIN_IS_BLACK,
    MIN_IS_WHITE,
    PALETTE,
    RGB,
    YCBCR,
    Samples,
    Tiff,
)


def page(**changes: Any) -> Tiff:  # noqa: ANN401 - fields of a Tiff
    return replace(Tiff(store(GREY, "u1"), MIN_IS_BLACK), **changes)


def of(samples: Samples, photometric: int, tags: Mapping[int, Sequence[int]] = {}) -> Tiff:
    return page(samples=samples, photometric=photometric, tags=tags)


REFUSED: dict[str, tuple[Tiff, str]] = {
    "old-style JPEG": (page(tags={259: [6]}), "old-style JPEG"),
    "JBIG": (page(tags={259: [34661]}), "JBIG"),
    "JPEG 2000": (page(tags={259: [34712]}), "JPEG 2000"),
    "LogLuv": (page(tags={259: [34676]}), "LogLuv"),
    "LERC": (page(tags={259: [34887]}), "LERC"),
    "LZMA": (page(tags={259: [34925]}), "LZMA"),
    "Zstandard": (page(tags={259: [50000]}), "Zstandard"),
    "JPEG XL": (page(tags={259: [50002]}), "JPEG XL"),
    "PixarLog": (page(tags={259: [32909]}), "PixarLog"),
    "a codec of nobody": (page(tags={259: [60000]}), "method 60000"),
    "a mask": (page(photometric=4, bits=1), "transparency mask"),
    "ITU Lab": (of(store(COLORS, "u1"), 10), "ITU Lab"),
    "a kind of nobody": (page(photometric=12345), "of kind 12345"),
    "three bits": (page(bits=3), "3 bits"),
    "12 bits": (page(bits=12), "12 bits"),
    "24 bits": (page(bits=24), "24 bits"),
    "64 bits": (of(store(GREY, "f8"), MIN_IS_BLACK), "floating-point numbers of 64 bits"),
    "long integers": (of(GREY.astype("u8"), MIN_IS_BLACK), "integers of 64 bits"),
    "bytes with a sign": (of(store(GREY, "i1"), MIN_IS_BLACK), "signed integers of 8 bits"),
    "words with a sign": (of(store(COLORS, "i2"), RGB), "signed integers of 16 bits"),
    "longs with a sign": (of(store(COLORS, "i4"), RGB), "signed integers of 32 bits"),
    "complex numbers": (of(GREY.astype("c8"), MIN_IS_BLACK), "complex numbers"),
    "floats of which the least is white": (of(store(GREY, "f4"), MIN_IS_WHITE), "floating-point"),
    "colours of 4 bits": (Tiff(store(COLORS, "u1") // 16, RGB, bits=4), "4 bits"),
    "grey and alpha of 4 bits": (
        Tiff(store(with_alpha(GREY), "u1") // 16, MIN_IS_BLACK, {EXTRA: [2]}, bits=4),
        "2 samples of 4 bits",
    ),
    "planes of tiles": (Tiff(store(COLORS, "u1"), RGB, has_planes=True, tile=16), "tiles"),
    "other inks": (of(store(with_alpha(COLORS), "u1"), CMYK, {332: [2]}), "inks"),
    "two inks": (of(store(with_alpha(GREY), "u1"), CMYK), "2 samples, too few"),
    "a palette with alpha": (of(store(with_alpha(GREY), "u1"), PALETTE), "palette"),
    "YCbCr as it is": (of(store(COLORS, "u1"), YCBCR, {530: [1, 1]}), "YCbCr"),
    "more channels than known": (page(tags={277: [65]}), "65 samples, more than 64"),
    "channels of nothing": (of(store(COLORS, "u1"), MIN_IS_BLACK), "3 channels"),
    "Lab times alpha": (
        of(np.zeros((HIGH, WIDE, 4), "u1"), LAB, {EXTRA: [ASSOCIATED]}),
        "associated",
    ),
    "longs times alpha": (
        of(store(with_alpha(COLORS), "u4"), RGB, {EXTRA: [ASSOCIATED]}),
        "associated",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_come_out_right_is_refused_with_the_reason(
    studio: Studio, name: str
) -> None:
    tiff, reason = REFUSED[name]
    file = studio.inputs / "in.tif"
    file.write_bytes(tiff.encode())
    with pytest.raises(UnsupportedFormat, match=re.escape(reason)) as caught:
        studio.render(file, {"format": "png"})
    assert str(caught.value).startswith("The TIFF cannot be opened: ")
    assert str(caught.value).endswith("or as a PNG.")


def test_four_billion_samples_are_refused_at_once(studio: Studio) -> None:
    short, long = (277, 3, 1, 1), (277, 4, 1, 2**32 - 1)
    data = page().encode().replace(struct.pack("<HHII", *short), struct.pack("<HHII", *long))
    file = studio.inputs / "in.tif"
    file.write_bytes(data)
    started = process_time()
    with pytest.raises(UnsupportedFormat, match="4294967295 samples, more than 64"):
        studio.render(file, {"format": "png"})
    assert process_time() - started < 1
