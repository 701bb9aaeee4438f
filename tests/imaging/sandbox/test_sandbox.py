"""A sandbox and its image processes, from start to stop."""

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from imagemill.imaging.errors import (
    DecoderCrashed,
    EngineBug,
    ImageProcessDidNotStart,
    ImagingError,
    InvalidImage,
    OutOfMemory,
)
from imagemill.imaging.formats import FORMATS, INPUTS
from imagemill.imaging.sandbox.sandbox import BEST_EFFORT, Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.hostile_order import encode_order
from imaging.image_processes import (
    HOSTILE_PROGRAM,
    ONE_OUTPUT,
    REQUIRED,
    behave,
    has_begun,
    render_file,
    running_processes,
    wait_until,
)
from imaging.studio import LIMITS, Studio, noise, open_picture


async def test_outputs_appear_in_the_folder(studio: Studio, picture: Path) -> None:
    pipeline = Pipeline.of(Output(name="a", width=16), Output(name="b", width=8, format="webp"))
    async with Sandbox.open(1, LIMITS) as sandbox:
        rendered = await render_file(sandbox, picture, studio.outputs, pipeline)
    assert (rendered.input.width, rendered.input.height, rendered.input.frames) == (32, 24, 1)
    assert [studio.file(output).name for output in rendered.outputs] == ["a.png", "b.webp"]
    assert open_picture(studio.file(rendered.outputs[0])).size == (16, 12)
    assert rendered.outputs[1].bytes == (studio.outputs / "b.webp").stat().st_size


async def test_an_invalid_image_is_reported_and_its_process_lives_on(
    studio: Studio, picture: Path
) -> None:
    broken = studio.inputs / "broken.png"
    broken.write_bytes(picture.read_bytes()[:60])
    async with Sandbox.open(1, LIMITS) as sandbox:
        before = running_processes()
        with pytest.raises(InvalidImage, match="cannot be decoded"):
            await render_file(sandbox, broken, studio.outputs, ONE_OUTPUT)
        await render_file(sandbox, picture, studio.outputs, ONE_OUTPUT)
        assert running_processes() == before


async def test_an_engine_bug_has_its_traceback_and_no_path_in_its_message(
    confined_sandbox: Sandbox, studio: Studio
) -> None:
    with pytest.raises(EngineBug) as caught:
        await behave(confined_sandbox, studio, "bug")
    assert "AttributeError" in caught.value.traceback
    assert "/" not in str(caught.value)


async def test_a_missing_input_is_not_the_image_processes_fault(
    studio: Studio, picture: Path
) -> None:
    async with Sandbox.open(1, LIMITS) as sandbox:
        before = running_processes()
        with pytest.raises(FileNotFoundError):
            await render_file(sandbox, studio.inputs / "none.png", studio.outputs, ONE_OUTPUT)
        await render_file(sandbox, picture, studio.outputs, ONE_OUTPUT)
        assert running_processes() == before


async def test_closing_leaves_no_process(studio: Studio, picture: Path) -> None:
    async with Sandbox.open(3, LIMITS) as sandbox:
        await render_file(sandbox, picture, studio.outputs, ONE_OUTPUT)
        assert len(running_processes()) == 3
    assert running_processes() == []


async def test_closing_in_the_middle_of_a_render_leaves_no_process(
    studio: Studio, picture: Path
) -> None:
    del picture
    async with Sandbox.open(
        1, LIMITS, scratch_dir=studio.scratch_dir, program=HOSTILE_PROGRAM
    ) as sandbox:
        rendering = asyncio.create_task(behave(sandbox, studio, "sleep"))
        await wait_until(has_begun)
    with pytest.raises(ImagingError):
        await rendering
    assert running_processes() == []


async def test_an_image_process_is_replaced_after_its_maximum_of_jobs(
    studio: Studio, picture: Path
) -> None:
    seen = set()
    async with Sandbox.open(1, LIMITS, replace(BEST_EFFORT, jobs_per_process=2)) as sandbox:
        for _ in range(6):
            await render_file(sandbox, picture, studio.outputs, ONE_OUTPUT)
            seen |= {slot.process.pid for slot in sandbox._pool._slots if slot.process}
    assert len(seen) in {3, 4}  # the last one may already be the next


async def test_an_image_process_can_be_limited_to_one_job(studio: Studio, picture: Path) -> None:
    seen = []
    async with Sandbox.open(1, LIMITS, replace(REQUIRED, jobs_per_process=1)) as sandbox:
        for _ in range(3):
            await render_file(sandbox, picture, studio.outputs, ONE_OUTPUT)
            seen += [slot.process.pid for slot in sandbox._pool._slots if slot.process]
    assert len(set(seen)) == 3


async def test_an_image_process_that_used_much_cpu_time_is_replaced(
    studio: Studio, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagemill.imaging.sandbox.cpu_time.seconds_per_process", lambda *_: 1)
    async with Sandbox.open(1, LIMITS) as sandbox:
        (before,) = running_processes()
        while running_processes() == [before]:
            await render_file(sandbox, picture, studio.outputs, Pipeline.of(Output(format="avif")))


async def test_an_idle_image_process_that_was_killed_costs_no_job(
    studio: Studio, picture: Path
) -> None:
    async with Sandbox.open(1, LIMITS) as sandbox:
        (idle,) = running_processes()
        idle.kill()
        process = sandbox._pool._slots[0].process
        assert process is not None
        await wait_until(lambda: not process.is_alive)
        assert (await render_file(sandbox, picture, studio.outputs, ONE_OUTPUT)).input.width == 32


async def test_more_renders_than_processes_wait_for_a_free_one(
    studio: Studio, picture: Path
) -> None:
    folders = [studio.outputs / str(number) for number in range(20)]
    for folder in folders:
        folder.mkdir()
    async with Sandbox.open(2, LIMITS) as sandbox:
        rendered = await asyncio.gather(
            *(render_file(sandbox, picture, folder, ONE_OUTPUT) for folder in folders)
        )
    assert len(rendered) == 20


async def test_a_large_image_reaches_the_memory_limit(studio: Studio) -> None:
    file = studio.save(noise(10, 10).resize((9000, 9000), 0), "large.png")
    pipeline = Pipeline.of(Output(name="a", format="jpeg"), Output(name="b", width=10))
    async with Sandbox.open(1, replace(LIMITS, memory_bytes=300 * 1024**2)) as sandbox:
        with pytest.raises(OutOfMemory, match="more memory"):
            await render_file(sandbox, file, studio.outputs, pipeline)


async def test_no_secret_is_passed_to_an_image_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_PASSWORD", "swordfish")
    async with Sandbox.open(1, LIMITS):
        (process,) = running_processes()
        environment = process.environ()
    assert "PG_PASSWORD" not in environment
    assert environment["VIPS_CONCURRENCY"] == "1"
    assert environment["MALLOC_ARENA_MAX"] == "2"


async def test_an_image_process_has_its_limits() -> None:
    async with Sandbox.open(1, LIMITS):
        (process,) = running_processes()
        assert process.nice() == min(19, psutil.Process().nice() + 5)
        assert process.rlimit(psutil.RLIMIT_AS) == (LIMITS.memory_bytes, LIMITS.memory_bytes)
        assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert process.rlimit(psutil.RLIMIT_NOFILE) == (64, 64)
        assert os.getpgid(process.pid) == process.pid


PARENT = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.sandbox import Sandbox

async def main(folder, *program):
    limits = Limits(1000, 1, timedelta(seconds=100), 2**30)
    async with Sandbox.open(2, limits, scratch_dir=folder / "scratch", program=program) as sandbox:
        with open(folder / "inputs" / "sleep", "rb") as file:
            async with sandbox.render(file.fileno(), Pipeline.of(Output())):
                pass

asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
"""


async def test_image_processes_do_not_outlive_a_parent_that_was_killed(studio: Studio) -> None:
    """One is idle and one is busy, so neither a closed pipe nor the time limit would end both."""
    (studio.inputs / "sleep").write_bytes(encode_order("sleep", studio.inputs))
    folder = str(studio.inputs.parent)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, folder, *HOSTILE_PROGRAM])
    with parent:
        await wait_until(lambda: len(psutil.Process(parent.pid).children()) == 2)
        await wait_until(lambda: has_begun(parent.pid))
        orphans = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(orphans, timeout=30)
    assert len(orphans) == 2
    assert alive == []


async def test_a_program_that_does_not_start_says_why() -> None:
    program = (sys.executable, "-c", "import sys; sys.exit('libvips is not there')")
    with pytest.raises(ImageProcessDidNotStart, match="libvips is not there"):
        async with Sandbox.open(2, LIMITS, program=program):
            pass
    assert running_processes() == []


async def test_a_program_that_does_not_exist_says_so() -> None:
    with pytest.raises(ImageProcessDidNotStart, match="could not be started"):
        async with Sandbox.open(1, LIMITS, program=("/nonexistent",)):
            pass


async def test_an_image_process_that_cannot_be_replaced_is_reported_and_started_later(
    studio: Studio, picture: Path, tmp_path: Path
) -> None:
    del picture
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(HOSTILE_PROGRAM)} "$@"\n')
    program.chmod(0o755)
    async with Sandbox.open(1, LIMITS, program=(str(program),)) as sandbox:
        program.rename(tmp_path / "away")
        with pytest.raises(DecoderCrashed):
            await behave(sandbox, studio, "segv")
        with pytest.raises(ImageProcessDidNotStart):
            await behave(sandbox, studio, "well")
        (tmp_path / "away").rename(program)
        while True:
            try:
                assert (await behave(sandbox, studio, "well")).input.width == 32
                break
            except ImageProcessDidNotStart:
                pass


async def test_a_sample_of_every_format_works() -> None:
    async with Sandbox.open(1, LIMITS) as sandbox:
        capabilities = await sandbox.capabilities()
    assert capabilities.inputs == tuple(INPUTS.values())
    assert capabilities.outputs == tuple(FORMATS.values())
