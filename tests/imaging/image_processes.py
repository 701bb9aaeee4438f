"""Image processes of a sandbox as tests see them, and a hostile program in place of theirs."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from imagemill.imaging.result import Rendered
from imagemill.imaging.sandbox.sandbox import Confinement, Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.studio import Studio

TESTS = str(Path(__file__).parent.parent)
# It has a file open, as a careless library might leave it.
RUN_HOSTILE_PROCESS = f"""
import sys
careless = open(sys.executable)
sys.path.insert(0, {TESTS!r})
from imaging.hostile_process import main
main()
"""
HOSTILE_PROGRAM = (sys.executable, "-c", RUN_HOSTILE_PROCESS)
OFF = Confinement("off")
REQUIRED = Confinement("required")
ONE_OUTPUT = Pipeline.of(Output(width=8))

# Child processes from before the test: servers that other tests share.
UNRELATED_PROCESSES: set[psutil.Process] = set()


def running_processes() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process not in UNRELATED_PROCESSES
    ]


async def wait_until(condition: Callable[[], bool]) -> None:
    """Poll a condition that no event announces."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process does it, which sets no Event
            await asyncio.sleep(0.01)


async def behave(sandbox: Sandbox, studio: Studio, behaviour: str) -> Rendered:
    """Have the hostile program do what its tables say under this name."""
    input_file = studio.inputs / behaviour
    input_file.write_bytes((studio.inputs / "picture.png").read_bytes())
    return await sandbox.render(input_file, studio.outputs, ONE_OUTPUT)


def has_begun(studio: Studio) -> bool:
    """Return whether a hostile process has begun to sleep."""
    return any(output.stat().st_size for output in studio.scratch_dir.glob("*/out/image.png"))
