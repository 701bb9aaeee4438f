"""Small JPEGs without libvips beside the same with libvips, in one process, in turns.

    python -m bench.small_jpegs [--rounds 20] [--jobs 20]

Prints the CPU milliseconds of a picture in both ways, from the bytes of the file to verified bytes
of the output, without the service around it.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

os.environ["VIPS_CONCURRENCY"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from datetime import timedelta

from bench.report import print_table, save
from imagemill.imaging.drawing import draw_picture
from imagemill.imaging.engine.render import render_with_libvips
from imagemill.imaging.engine.small_jpeg.render import render_small_jpeg
from imagemill.imaging.libvips import Image
from imagemill.imaging.limits import Limits
from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.imaging.spec.plain import parse

LIMITS: Final = Limits(
    max_pixels=100_000_000,
    max_frames=1000,
    timeout=timedelta(seconds=60),
    memory_bytes=3 * 1024**3,
)

# Width and quality of an input, and the fields of its output.
TASKS: Final[dict[str, tuple[int, int, dict[str, object]]]] = {
    "320 to 160x130": (320, 85, {"width": 160, "height": 130, "fit": "fill"}),
    "320 to 100x100, cover": (320, 85, {"width": 100, "height": 100, "fit": "cover"}),
    "320 to 160, WebP": (320, 85, {"width": 160, "format": "webp"}),
    "800 to 160": (800, 60, {"width": 160}),
    "800 to 400": (800, 60, {"width": 400}),
    "800 as it is": (800, 60, {}),
}


def main(options: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_picture(folder / "landscape.jpg")
        rows = {task: compare(folder, *TASKS[task], options) for task in TASKS}
    print_table("CPU ms of a picture", rows)
    report: dict[str, object] = {"options": vars(options), "results": rows}
    save("small_jpegs", report)
    return report


def compare(
    folder: Path, width: int, quality: int, output: dict[str, object], options: argparse.Namespace
) -> dict[str, float]:
    """Return the medians of rounds of both ways, and their ratio."""
    source = Image.thumbnail(str(folder / "landscape.jpg"), width)
    data = bytes(source.jpegsave_buffer(Q=quality))
    pipeline = parse(Pipeline.model_validate({"outputs": [output]}).model_dump_json())
    with tempfile.TemporaryFile() as file:
        ways: dict[str, Callable[[], object]] = {
            "libvips": lambda: render_with_libvips(data, [file.fileno()], pipeline, LIMITS),
            "without": lambda: render_small_jpeg(data, [file.fileno()], pipeline, LIMITS),
        }
        assert ways["without"]() is not None
        rounds = [
            {way: time_jobs(make, options.jobs) for way, make in ways.items()}
            for _ in range(options.rounds)
        ]
    medians = {way: statistics.median(each[way] for each in rounds) for way in ways}
    ratio = statistics.median(each["libvips"] / each["without"] for each in rounds)
    return {**medians, "ratio": ratio}


def time_jobs(make: Callable[[], object], jobs: int) -> float:
    """Return the CPU milliseconds of a job, of all threads."""
    began = time.process_time()
    for _ in range(jobs):
        make()
    return 1000 * (time.process_time() - began) / jobs


def parse_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.small_jpegs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=20, help="pictures of each round")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(parse_options(sys.argv[1:]))
