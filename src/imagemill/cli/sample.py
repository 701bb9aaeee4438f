"""The command `imagemill sample`: a picture to try imagemill with."""

import sys
import tempfile
from pathlib import Path

from imagemill.cli.program_name import program_name
from imagemill.errors import Rejected
from imagemill.imaging.drawing import draw_picture


class TerminalRejected(Rejected):
    """Standard output is a terminal, which does not show pictures."""


def write_sample() -> None:
    """Write a JPEG to standard output. Raises TerminalRejected."""
    if sys.stdout.isatty():
        raise TerminalRejected(
            f"A terminal shows no picture; redirect it: {program_name()} sample > cat.jpg"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sample.jpg"
        draw_picture(file)
        sys.stdout.buffer.write(file.read_bytes())
