"""Reasons why image processes end, as passed to `on_exit`."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from imagemill.imaging.errors import (
    DecoderCrashed,
    ImageProcessFailed,
    ImagingError,
    OutOfMemory,
    TimedOut,
)
from imagemill.imaging.sandbox.exit_reason import ExitReason, error_for_exit, reason_for
from imagemill.imaging.sandbox.sandbox import BEST_EFFORT, Sandbox
from imaging.image_processes import (
    HOSTILE_PROGRAM,
    ONE_OUTPUT,
    behave,
    has_begun,
    render_file,
    running_processes,
    wait_until,
)
from imaging.studio import LIMITS, Studio


@pytest.mark.parametrize(
    ("status", "stderr", "error", "reason"),
    [
        (-signal.SIGXCPU, "", TimedOut, ExitReason.TIMED_OUT),
        (-signal.SIGKILL, "", OutOfMemory, ExitReason.OUT_OF_MEMORY),
        (-signal.SIGABRT, "what(): std::bad_alloc", OutOfMemory, ExitReason.OUT_OF_MEMORY),
        (-signal.SIGABRT, "", DecoderCrashed, ExitReason.CRASHED),
        (-signal.SIGRTMIN - 1, "", DecoderCrashed, ExitReason.CRASHED),
        (3, "", DecoderCrashed, ExitReason.CRASHED),
        (None, "", DecoderCrashed, ExitReason.CRASHED),
    ],
)
def test_an_exit_status_becomes_the_jobs_error_and_that_the_reason(
    status: int | None, stderr: str, error: type[ImageProcessFailed], reason: ExitReason
) -> None:
    found = error_for_exit(status, stderr)
    assert type(found) is error
    assert reason_for(found) is reason


@pytest.mark.usefixtures("picture")
async def test_each_image_process_that_fails_is_reported_once_with_its_reason(
    studio: Studio,
) -> None:
    exits: list[ExitReason] = []
    short = replace(LIMITS, timeout=timedelta(seconds=2))
    # Only what sleeps is to run out of time.
    for limits, behaviours in ((LIMITS, ("segv", "kill", "bug", "garbage")), (short, ("sleep",))):
        async with Sandbox.open(
            1, limits, scratch_dir=studio.scratch_dir, program=HOSTILE_PROGRAM, on_exit=exits.append
        ) as sandbox:
            for behaviour in behaviours:
                with pytest.raises(ImagingError):
                    await behave(sandbox, studio, behaviour)
    assert exits == [
        ExitReason.CRASHED,
        ExitReason.OUT_OF_MEMORY,
        ExitReason.FAILED,
        ExitReason.CRASHED,
        ExitReason.TIMED_OUT,
    ]


async def test_an_image_process_that_had_its_maximum_of_jobs_is_reported_as_retired(
    studio: Studio, picture: Path
) -> None:
    exits: list[ExitReason] = []
    broken = studio.inputs / "broken.png"
    broken.write_bytes(picture.read_bytes()[:60])
    async with Sandbox.open(
        1, LIMITS, replace(BEST_EFFORT, jobs_per_process=2), on_exit=exits.append
    ) as sandbox:
        for file in (picture, picture, picture, broken, picture):
            with suppress(ImagingError):
                await render_file(sandbox, file, studio.outputs, ONE_OUTPUT)
    assert exits == [ExitReason.RETIRED, ExitReason.RETIRED]


async def test_an_image_process_that_died_while_idle_or_whose_job_was_canceled_is_reported(
    studio: Studio, picture: Path
) -> None:
    exits: list[ExitReason] = []
    async with Sandbox.open(
        1, LIMITS, scratch_dir=studio.scratch_dir, program=HOSTILE_PROGRAM, on_exit=exits.append
    ) as sandbox:
        (idle,) = running_processes()
        idle.kill()
        process = sandbox._pool._slots[0].process
        assert process is not None
        await wait_until(lambda: not process.is_alive)
        await render_file(sandbox, picture, studio.outputs, ONE_OUTPUT)
        assert exits == [ExitReason.EXITED_WHILE_IDLE]
        rendering = asyncio.create_task(behave(sandbox, studio, "sleep"))
        await wait_until(has_begun)
        rendering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await rendering
    assert exits == [ExitReason.EXITED_WHILE_IDLE, ExitReason.CANCELED]
