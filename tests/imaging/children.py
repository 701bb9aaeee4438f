"""The children of a sandbox as a test sees them, and a program that takes the place of theirs."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from imagemill.imaging.sandbox.sandbox import Confinement, Rendered, Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.studio import Studio

TESTS = str(Path(__file__).parent.parent)
# It has a file open, as a careless library might leave it.
RUN_STUB = f"""
import sys
careless = open(sys.executable)
sys.path.insert(0, {TESTS!r})
from imaging.stub import main
main()
"""
STUB = (sys.executable, "-c", RUN_STUB)
OFF = Confinement("off")
REQUIRED = Confinement("required")
ONE = Pipeline.of(Output(width=8))

# Children that were there before the test: servers that other tests of this process share.
OTHERS: set[psutil.Process] = set()


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if one not in OTHERS]


async def until(happened: Callable[[], bool]) -> None:
    """Wait for what no one will tell us of."""
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110 - another process does it, which sets no Event
            await asyncio.sleep(0.01)


async def behave(sandbox: Sandbox, studio: Studio, behaviour: str) -> Rendered:
    """Have the stub do what its list says under this name."""
    request = studio.inputs / behaviour
    request.write_bytes((studio.inputs / "picture.png").read_bytes())
    return await sandbox.render(request, studio.outputs, ONE)


def has_begun(studio: Studio) -> bool:
    """Whether a stub that was told to sleep does so."""
    return any(output.stat().st_size for output in studio.desks.glob("*/out/image.png"))
