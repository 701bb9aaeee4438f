"""Image processes of a sandbox as tests see them, and a hostile program in place of theirs."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from imagemill.imaging.sandbox.rendered import Rendered
from imagemill.imaging.sandbox.sandbox import Confinement, Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.hostile_order import encode_order
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
# The standard ones and the socket to the parent.
IDLE_DESCRIPTORS = 4
ONE_OUTPUT = Pipeline.of(Output(width=8))

# Child processes from before the test: servers that other tests share.
UNRELATED_PROCESSES: set[psutil.Process] = set()


def program_without(module: str) -> tuple[str, ...]:
    """Return the program of an image process to which this module is not installed."""
    hide = f"import sys; sys.modules[{module!r}] = None"
    start = "from imagemill.imaging.sandbox.image_process_main import main; main()"
    return (sys.executable, "-c", f"{hide}; {start}")


def running_processes() -> list[psutil.Process]:
    """Return what the test started and what that started; a shared server may start more of its."""
    return [
        process
        for child in psutil.Process().children()
        if child not in UNRELATED_PROCESSES
        for process in (child, *child.children(recursive=True))
    ]


async def wait_until(condition: Callable[[], bool]) -> None:
    """Poll a condition that no event announces."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - another process does it, which sets no Event
            await asyncio.sleep(0.01)


async def render_file(sandbox: Sandbox, file: Path, folder: Path, pipeline: Pipeline) -> Rendered:
    """Render a file into a folder, and return what was rendered."""
    with file.open("rb") as source:
        async with sandbox.render(source.fileno(), pipeline) as rendered:
            for output, content in zip(rendered.outputs, rendered.contents, strict=True):
                (folder / output.path).write_bytes(read_content(content))
            return rendered


def read_content(content: bytes | int) -> bytes:
    if isinstance(content, bytes):
        return content
    return os.pread(content, os.fstat(content).st_size, 0)


async def behave(
    sandbox: Sandbox, studio: Studio, behaviour: str, pipeline: Pipeline = ONE_OUTPUT
) -> Rendered:
    """Have the hostile program do what its tables say under this name."""
    file = studio.inputs / "hostile.png"
    picture = (studio.inputs / "picture.png").read_bytes()
    file.write_bytes(picture + encode_order(behaviour, studio.inputs))
    return await render_file(sandbox, file, studio.outputs, pipeline)


def has_begun(parent: int | None = None) -> bool:
    """Return whether a child has got a request, which comes with descriptors."""
    children = psutil.Process(parent).children() if parent else running_processes()
    return any(process.num_fds() > IDLE_DESCRIPTORS for process in children)
