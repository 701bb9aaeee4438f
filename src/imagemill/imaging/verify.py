"""The look that an output gets before anyone else sees it."""

import hashlib
from pathlib import Path

from imagemill.errors import Rejected
from imagemill.imaging.formats import Format
from imagemill.imaging.geometry import Size
from imagemill.imaging.header import read_header
from imagemill.imaging.rendered import RenderedOutput


class BadOutput(Exception):
    """We wrote a file that is not what it should be."""


def verified(file: Path, name: str, format_: Format, size: Size) -> RenderedOutput:
    """Open the output again, and return its facts. Raises BadOutput unless they are as promised."""
    try:
        header = read_header(file)
    except Rejected as error:
        raise BadOutput(f"{name} cannot be opened again") from error
    if (header.format, header.stored) != (format_, size):
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
