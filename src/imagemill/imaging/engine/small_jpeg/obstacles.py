"""What keeps a job from being done without libvips: one row for each reason. Pure."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from imagemill.imaging.engine.small_jpeg.segments import (
    APP14,
    BASELINE,
    PROGRESSIVE,
    Segments,
    find_exif,
    find_profile,
)
from imagemill.imaging.spec.bounds import STRATEGIES
from imagemill.imaging.spec.hex_color import OPAQUE, parse_color
from imagemill.imaging.spec.plain import Output, Pipeline

T = TypeVar("T")

# Above it, what libvips spends on preparations is small beside the pixels.
MAX_PIXELS: Final = 500_000
# So that a decoder's scaling, to whole pixels, does not move what is in the picture.
MIN_SIDE: Final = 16
# libvips refuses a file with more.
MAX_SCANS: Final = 100
SCAN_START: Final = b"\xff\xda"

# Of brightness and both colours: 4:4:4, 4:2:2, 4:2:0, 4:4:0.
YCBCR_NUMBERS: Final = (1, 2, 3)
YCBCR_SAMPLINGS: Final = frozenset(
    {(0x11, 0x11, 0x11), (0x21, 0x11, 0x11), (0x22, 0x11, 0x11), (0x12, 0x11, 0x11)}
)
ADOBE: Final = b"Adobe"
ADOBE_TRANSFORM_AT: Final = 11
ADOBE_YCBCR: Final = 1

# A profile's segment has its number after its name, and how many there are.
ONLY_SEGMENT: Final = b"\1\1"

OF_FILE: Final = MappingProxyType[
    str, Callable[[Segments], bool]
](
    {
        "the picture is too large": lambda file: file.size.pixels > MAX_PIXELS,
        "a side is too short": lambda file: min(file.size.width, file.size.height) < MIN_SIDE,
        "the frame is neither baseline nor progressive": lambda file: (
            file.frame not in {BASELINE, PROGRESSIVE}
        ),
        "samples have more than 8 bits": lambda file: file.bits != 8,  # noqa: PLR2004 - as it says
        "colours are neither grey nor YCbCr": lambda file: not (_is_grey(file) or _is_ycbcr(file)),
        "there are several EXIF blocks": lambda file: len(find_exif(file)) > 1,
        "the profile is in several segments": lambda file: (
            len(find_profile(file)) > 1
            or any(part[:2] != ONLY_SEGMENT for part in find_profile(file))
        ),
        "a grey picture has a profile": lambda file: _is_grey(file) and bool(find_profile(file)),
    }
)

OF_OUTPUT: Final = MappingProxyType[str, Callable[[Output], bool]](
    {
        "rotates by other than quarters": lambda output: output.rotate % 90 != 0,
        "trims": lambda output: output.trim is not False,
        "enlarges": lambda output: output.enlarge,
        "scales with gamma": lambda output: output.gamma is not None,
        "looks for what to keep": lambda output: output.position in STRATEGIES,
        "blurs or sharpens": lambda output: output.blur is not None or output.sharpen is not None,
        "changes colours": lambda output: bool(
            output.grayscale or output.normalize or output.modulate or output.tint or output.negate
        ),
        "has a watermark": lambda output: output.watermark is not None,
        "has another colour space": lambda output: output.color_space != "srgb",
        "chooses a palette": lambda output: output.palette is not None,
        "keeps metadata": lambda output: output.keep_metadata != "none",
        "keeps a gain map": lambda output: output.keep_gain_map,
        "has a transparent background": lambda output: parse_color(output.background)[3] < OPAQUE,
    }
)


def find_obstacle_in_pipeline(pipeline: Pipeline) -> str | None:
    """Return why libvips has to do what is asked for, whatever the picture; None if not."""
    if pipeline.analyze:
        return "it analyses"
    reasons = (_find_reason(OF_OUTPUT, output) for output in pipeline.outputs)
    return next((reason for reason in reasons if reason), None)


def find_obstacle_in_file(data: bytes, file: Segments) -> str | None:
    """Return why libvips has to decode this file; None if it does not."""
    reason = _find_reason(OF_FILE, file)
    if reason is None and data.count(SCAN_START) > MAX_SCANS:
        return "there are too many scans"
    return reason


def _find_reason(reasons: Mapping[str, Callable[[T], bool]], subject: T) -> str | None:
    return next((reason for reason, applies in reasons.items() if applies(subject)), None)


def _is_grey(file: Segments) -> bool:
    return len(file.numbers) == 1


def _is_ycbcr(file: Segments) -> bool:
    """Return whether decoders agree that it is: some go by the Adobe segment, some by numbers."""
    adobe = [part for part in file.contents.get(APP14, ()) if part.startswith(ADOBE)]
    return (
        file.numbers == YCBCR_NUMBERS
        and file.samplings in YCBCR_SAMPLINGS
        and all(part[ADOBE_TRANSFORM_AT:] == bytes([ADOBE_YCBCR]) for part in adobe)
    )
