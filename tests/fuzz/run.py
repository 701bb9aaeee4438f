"""Sends damaged pictures through two image processes, and notes what comes of each."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fuzz.mutations import good_pictures, mutated
from imagemill.errors import ServiceError
from imagemill.imaging.errors import EngineBug, ImagingError
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Pipeline
from imaging.studio import ANALYSES, LIMITS

CHILDREN = 2

PIPELINES = [
    Pipeline.model_validate(one)
    for one in (
        {"outputs": [{"width": 20, "format": "webp"}]},
        {"outputs": [{"keep_metadata": "all", "format": "jpeg"}], "analyze": ANALYSES},
        {"outputs": [{"color_space": "keep", "format": "png"}, {"name": "b", "format": "gif"}]},
        {"outputs": [{"color_space": "p3", "trim": True, "rotate": 12, "format": "tiff"}]},
    )
]


@dataclass
class Outcome:
    """What became of the pictures; `peak_bytes` is resident memory of all image processes."""

    ends: Counter[str] = field(default_factory=Counter)
    bugs: list[str] = field(default_factory=list)
    peak_bytes: int = 0

    def line(self) -> str:
        """Return it in one line."""
        ends = ", ".join(f"{count} {end}" for end, count in self.ends.most_common())
        return (
            f"{self.ends.total()} pictures: {ends}; {len(self.bugs)} bugs,"
            f" at most {self.peak_bytes >> 20} MiB in {CHILDREN} image processes"
        )


async def fuzz(count: int, seed: int) -> Outcome:
    """Render so many damaged pictures; each ends as completed or in a code of its own."""
    outcome = Outcome()
    work = enumerate(mutated(good_pictures(), count, seed))
    with tempfile.TemporaryDirectory(prefix="imagemill-fuzz-") as name:
        async with Sandbox.open(CHILDREN, LIMITS) as sandbox:
            hands = (_work(sandbox, Path(name) / str(n), work, outcome) for n in range(CHILDREN))
            await asyncio.gather(*hands)
    return outcome


async def _work(
    sandbox: Sandbox, folder: Path, work: Iterator[tuple[int, bytes]], outcome: Outcome
) -> None:
    folder.mkdir()
    for number, data in work:
        file = folder / f"{number}.bin"
        file.write_bytes(data)
        try:
            await sandbox.render(file, folder, PIPELINES[number % len(PIPELINES)])
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
    for child in psutil.Process().children():
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
