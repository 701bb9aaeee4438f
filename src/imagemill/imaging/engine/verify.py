"""The look that an output gets before anyone else sees it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from imagemill.errors import Rejected
from imagemill.image_files import OutputFile
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.header import Header, open_image
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.formats import AVIF, TIFF, Format
from imagemill.imaging.metadata.gps import has_position, tiff_has_position


class BadOutput(Exception):
    """We wrote a file that is not what it should be."""


@dataclass(frozen=True, slots=True)
class ExpectedOutput:
    """What the file of an output must turn out to be. Of `frames` it may have joined equal ones."""

    format: Format
    size: Size
    frames: int
    timing: Timing
    may_tell_position: bool = False


def verify_output(folder: Path, name: str, promised: ExpectedOutput) -> OutputFile:
    """Open the output again, and return its facts. Raises BadOutput unless they are as promised."""
    format_, size = promised.format, promised.size
    file = format_.file(folder, name)
    try:
        header, image = open_image(file)
    except Rejected as error:
        raise BadOutput(f"{name} cannot be opened again") from error
    if header.format is not format_ or header.stored not in _sizes(format_, size):
        raise BadOutput(
            f"{name} is {header.format.name} of {header.stored}, not {format_.name} of {size}"
        )
    _check_frames(header, name, promised)
    is_told = has_position(image) or (format_ is TIFF and tiff_has_position(file))
    if is_told and not promised.may_tell_position:
        raise BadOutput(f"{name} tells where its picture was taken")
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return OutputFile(
        name=name,
        path=file.name,
        media_type=format_.media_type,
        bytes=file.stat().st_size,
        width=size.width,
        height=size.height,
        frames=header.frames,
        sha256=digest,
    )


def _check_frames(header: Header, name: str, promised: ExpectedOutput) -> None:
    """Encoders join equal frames, until perhaps one is left, but the time that they take stays."""
    asked, found, timing = promised.frames, header.frames, promised.timing
    if found > asked or (found > 1 and header.timing.duration != timing.duration):
        raise BadOutput(
            f"{name} shows {found} frames for {header.timing.duration} ms,"
            f" not {asked} for {timing.duration} ms"
        )


def _sizes(format_: Format, size: Size) -> set[Size]:
    """An orientation that was kept stands in an AVIF as a turn that its decoder makes by itself."""
    return {size, size.transpose()} if format_ is AVIF else {size}
