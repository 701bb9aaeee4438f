"""libvips alone: files in a folder to files in a folder, by two processes that do nothing else.

    python -m bench.bare RECIPE FILE FOLDER WIDTH HEIGHT COUNT PROCESSES

RECIPE `same` is what the engine does: the decoder shrinks as far as the engine lets it, the kernel
and the options of the encoder are the engine's. `thumbnail` is libvips' own operation. Prints one
line of JSON: pictures a second, CPU seconds, and the seconds of each picture.
"""

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

os.environ["VIPS_CONCURRENCY"] = "1"

from bench.pictures import QUALITY
from imagemill.imaging.engine.decode import JPEG_SHRINKS, RESIZE_RESERVE
from imagemill.imaging.libvips import Image, Source, Target

WARM_UP: Final = 5


@dataclass(frozen=True, slots=True)
class BareRun:
    """Pictures a second, CPU seconds a picture, and the seconds that each picture took."""

    rate: float
    cpu: float
    durations: list[float]


def make_same(source: Path, target: Path, width: int, height: int) -> None:
    full = Image.jpegload_source(Source.new_from_file(str(source)), access="sequential")
    factor = min(full.width / width, full.height / height) / RESIZE_RESERVE
    image = Image.jpegload_source(
        Source.new_from_file(str(source)),
        access="sequential",
        fail_on="error",
        shrink=next((shrink for shrink in JPEG_SHRINKS if shrink <= factor), 1),
    )
    scaled = image.resize(width / image.width, vscale=height / image.height, kernel="lanczos3")
    scaled.jpegsave_target(Target.new_to_file(str(target)), Q=QUALITY, keep="none")


def make_thumbnail(source: Path, target: Path, width: int, height: int) -> None:
    image = Image.thumbnail(str(source), width, height=height, size="force")
    image.jpegsave(str(target), Q=QUALITY, keep="none")


RECIPES: Final = {"same": make_same, "thumbnail": make_thumbnail}


def main(arguments: list[str]) -> BareRun:
    recipe, file, name, *numbers = arguments
    width, height, count, processes = map(int, numbers)
    folder = Path(name)

    def make(number: int) -> None:
        RECIPES[recipe](folder / f"in{number}.jpg", folder / f"out{number}.jpg", width, height)

    for number in range(count):
        (folder / f"in{number}.jpg").hardlink_to(file)
    return run(make, count, processes)


def run(make: Callable[[int], None], count: int, processes: int) -> BareRun:
    """Let the processes share the pictures; the clock starts when all are warm."""
    # Nothing of libvips has run yet, so that its threads are those of each process.
    context = multiprocessing.get_context("fork")
    taken, results = context.Value("i", 0), context.Queue()
    start = context.Barrier(processes + 1)

    def work() -> None:
        for number in range(min(WARM_UP, count)):
            make(number)
        start.wait()
        used, durations = time.process_time(), []
        while (number := take(taken)) < count:
            began = time.perf_counter()
            make(number)
            durations.append(time.perf_counter() - began)
        results.put((time.monotonic(), time.process_time() - used, durations))

    workers = [context.Process(target=work) for _ in range(processes)]
    for worker in workers:
        worker.start()
    start.wait()
    began = time.monotonic()
    ended = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    seconds = max(at for at, _, _ in ended) - began
    durations = [each for _, _, those in ended for each in those]
    return BareRun(count / seconds, sum(cpu for _, cpu, _ in ended) / count, durations)


def take(taken: "multiprocessing.sharedctypes.Synchronized[int]") -> int:
    with taken.get_lock():
        taken.value += 1
        return taken.value - 1


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(main(sys.argv[1:]))) + "\n")
