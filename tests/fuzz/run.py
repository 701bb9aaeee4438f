"""Renders damaged pictures in two image processes, and counts how each ended."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fuzz.mutations import mutate, valid_pictures
from imagemill.errors import ServiceError
from imagemill.imaging.errors import EngineBug, ImagingError
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Pipeline
from imaging.image_processes import render_file
from imaging.studio import ANALYSES, LIMITS

PROCESSES = 2

PIPELINES = [
    Pipeline.model_validate(one)
    for one in (
        {"outputs": [{"width": 20, "format": "webp"}]},
        {"outputs": [{"keep_metadata": "all", "format": "jpeg"}], "analyze": ANALYSES},
        {"outputs": [{"keep_gain_map": True, "format": "jpeg", "width": 30, "rotate": 5}]},
        {"outputs": [{"color_space": "keep", "format": "png"}, {"name": "b", "format": "gif"}]},
        {"outputs": [{"color_space": "p3", "trim": True, "rotate": 12, "format": "tiff"}]},
    )
]


@dataclass
class Outcome:
    """How the pictures ended; `peak_bytes` is resident memory of all image processes."""

    ends: Counter[str] = field(default_factory=Counter)
    bugs: list[str] = field(default_factory=list)
    peak_bytes: int = 0

    def summary(self) -> str:
        """Return one line of text."""
        ends = ", ".join(f"{count} {end}" for end, count in self.ends.most_common())
        return (
            f"{self.ends.total()} pictures: {ends}; {len(self.bugs)} bugs,"
            f" at most {self.peak_bytes >> 20} MiB in {PROCESSES} image processes"
        )


async def fuzz(count: int, seed: int) -> Outcome:
    """Render `count` damaged pictures; each ends as completed or in an error code."""
    outcome = Outcome()
    work = enumerate(mutate(valid_pictures(), count, seed))
    with tempfile.TemporaryDirectory(prefix="imagemill-fuzz-") as name:
        async with Sandbox.open(PROCESSES, LIMITS) as sandbox:
            folders = (Path(name) / str(number) for number in range(PROCESSES))
            await asyncio.gather(*(_render(sandbox, at, work, outcome) for at in folders))
    return outcome


async def _render(
    sandbox: Sandbox, folder: Path, work: Iterator[tuple[int, bytes]], outcome: Outcome
) -> None:
    folder.mkdir()
    for number, data in work:
        file = folder / f"{number}.bin"
        file.write_bytes(data)
        try:
            await render_file(sandbox, file, folder, PIPELINES[number % len(PIPELINES)])
            outcome.ends["completed"] += 1
        except EngineBug as error:
            outcome.bugs.append(f"picture {number}: {error} {error.traceback}")
        except ImagingError as error:
            outcome.ends[error.code] += 1
        except ServiceError as error:
            outcome.bugs.append(f"picture {number}: {error!r}")
        outcome.peak_bytes = max(outcome.peak_bytes, _resident_bytes())
        file.unlink()


def _resident_bytes() -> int:
    total = 0
    for process in psutil.Process().children():
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
