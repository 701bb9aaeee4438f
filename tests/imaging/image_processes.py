"""The children of a sandbox as a test sees them, and a program that takes the place of theirs."""

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

# Children that were there before the test: servers that other tests of this process share.
UNRELATED_PROCESSES: set[psutil.Process] = set()


def running_processes() -> list[psutil.Process]:
    return [
        one for one in psutil.Process().children(recursive=True) if one not in UNRELATED_PROCESSES
    ]


async def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for what no one will tell us of."""
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110 - another process does it, which sets no Event
            await asyncio.sleep(0.01)


async def behave(sandbox: Sandbox, studio: Studio, behaviour: str) -> Rendered:
    """Have the stub do what its list says under this name."""
    request = studio.inputs / behaviour
    request.write_bytes((studio.inputs / "picture.png").read_bytes())
    return await sandbox.render(request, studio.outputs, ONE_OUTPUT)


def has_begun(studio: Studio) -> bool:
    """Whether a stub that was told to sleep does so."""
    return any(output.stat().st_size for output in studio.scratch_dir.glob("*/out/image.png"))
