"""What several outputs cost beside the largest one alone: CPU time, as a ratio taken in one run.

    make bench-outputs                    a picture that imagemill draws
    make bench-outputs PHOTO=photo.jpg    one of your own

All outputs come from one decode, so four should cost far less than four times one.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

os.environ["VIPS_CONCURRENCY"] = "1"

from imagemill.imaging.drawing import draw_picture
from imagemill.imaging.engine.render import render
from imagemill.imaging.file_data import Data, read_file
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.unnamed_file import create_unnamed_file
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imagemill.imaging.spec.plain import parse

WIDTHS: Final = (1600, 800, 400, 200)
ROUNDS: Final = 25
LIMITS: Final = Limits(
    max_pixels=100_000_000, max_frames=1, timeout=timedelta(minutes=1), memory_bytes=1 << 32
)


def pipeline(*widths: int) -> Pipeline:
    return Pipeline.of(*(Output(name=f"w{width}", width=width, format="jpeg") for width in widths))


def cpu_ms(photo: Data, folder: Path, widths: Sequence[int]) -> float:
    """Return the least CPU time of several renders, in milliseconds: the one least disturbed."""
    asked = parse(pipeline(*widths).model_dump_json())
    times = []
    for _ in range(ROUNDS):
        files = [create_unnamed_file(folder) for _ in widths]
        before = time.process_time()
        render(photo, files, asked, LIMITS)
        times.append(time.process_time() - before)
        for file in files:
            os.close(file)
    return min(times) * 1000


def main(photo: Path | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if photo is None:
            photo = folder / "landscape.jpg"
            draw_picture(photo)
        alone = cpu_ms(read_file(photo), folder, WIDTHS[:1])
        together = cpu_ms(read_file(photo), folder, WIDTHS)
    table = Table(title=f"{photo.name} to JPEG")
    for heading in ("widths", "CPU ms", "beside the largest alone"):
        table.add_column(heading, justify="right")
    table.add_row(str(WIDTHS[0]), f"{alone:.1f}", "1.00")
    table.add_row(", ".join(map(str, WIDTHS)), f"{together:.1f}", f"{together / alone:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
