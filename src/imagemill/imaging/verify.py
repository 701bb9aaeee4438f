"""The look that an output gets before anyone else sees it."""

import hashlib
from pathlib import Path

from imagemill.errors import Rejected
from imagemill.imaging.formats import AVIF, Format
from imagemill.imaging.geometry import Size
from imagemill.imaging.header import read_header
from imagemill.imaging.rendered import RenderedOutput


class BadOutput(Exception):
    """We wrote a file that is not what it should be."""


def verified(folder: Path, name: str, format_: Format, size: Size) -> RenderedOutput:
    """Open the output again, and return its facts. Raises BadOutput unless they are as promised."""
    file = format_.file(folder, name)
    try:
        header = read_header(file)
    except Rejected as error:
        raise BadOutput(f"{name} cannot be opened again") from error
    if header.format is not format_ or header.stored not in _sizes(format_, size):
        raise BadOutput(
            f"{name} is {header.format.name} of {header.stored}, not {format_.name} of {size}"
        )
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return RenderedOutput(
        name=name,
        file=file,
        media_type=format_.media_type,
        bytes=file.stat().st_size,
        width=size.width,
        height=size.height,
        frames=header.frames,
        sha256=digest,
    )


def _sizes(format_: Format, size: Size) -> set[Size]:
    """An orientation that was kept stands in an AVIF as a turn that its decoder makes by itself."""
    return {size, size.turned()} if format_ is AVIF else {size}
