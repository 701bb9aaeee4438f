"""An image process that a hostile image has taken over: it harms its own job and no other."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from imagemill.imaging.errors import (
    DecoderCrashed,
    ImagingError,
    OutOfMemory,
    TimedOut,
)
from imagemill.imaging.sandbox.sandbox import Sandbox
from imaging.image_processes import (
    HOSTILE_PROGRAM,
    REQUIRED,
    behave,
    has_begun,
    running_processes,
    wait_until,
)
from imaging.studio import LIMITS, Studio


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ("segv", DecoderCrashed),
        ("abrt", DecoderCrashed),
        ("bus", DecoderCrashed),
        ("ill", DecoderCrashed),
        ("fpe", DecoderCrashed),
        ("term", DecoderCrashed),
        ("exit", DecoderCrashed),
        ("kill", OutOfMemory),
        ("memory", OutOfMemory),
        ("glib", OutOfMemory),
        ("chatter", DecoderCrashed),
    ],
)
async def test_an_image_process_that_dies_costs_its_own_job_and_is_replaced(
    unconfined_sandbox: Sandbox, studio: Studio, behaviour: str, error: type[ImagingError]
) -> None:
    (before,) = running_processes()
    with pytest.raises(error):
        await behave(unconfined_sandbox, studio, behaviour)
    assert not before.is_running()
    await behave(unconfined_sandbox, studio, "well")
    assert running_processes() != [before]


@pytest.mark.parametrize(
    "behaviour",
    [
        "garbage",
        "bits",
        "ready",
        "unknown failure",
        "too long",
        "flood",
        "none",
        "one too many",
        "one more field",
        "other name",
        "two replies",
        "a path",
        "other format",
        "other size",
        "no bytes",
        "other size of a file",
        "no size",
        "huge",
        "text for a number",
        "a digest",
        "one more fact",
        "no input size",
        "one more fact of the input",
        "analysis",
        "no file",
    ],
)
async def test_an_image_process_whose_reply_is_false_is_replaced(
    unconfined_sandbox: Sandbox, studio: Studio, behaviour: str
) -> None:
    (before,) = running_processes()
    with pytest.raises(DecoderCrashed):
        await behave(unconfined_sandbox, studio, behaviour)
    assert not before.is_running()
    assert (await behave(unconfined_sandbox, studio, "well")).input.width == 32


@pytest.mark.parametrize("behaviour", ["sleep", "spin"])
async def test_an_image_process_that_hangs_is_killed_at_its_time_limit(
    studio: Studio, picture: Path, behaviour: str
) -> None:
    del picture
    limits = replace(LIMITS, timeout=timedelta(seconds=0.3))
    async with Sandbox.open(1, limits, REQUIRED, program=HOSTILE_PROGRAM) as sandbox:
        (before,) = running_processes()
        with pytest.raises(TimedOut, match=r"longer than 0\.3 seconds"):
            await behave(sandbox, studio, behaviour)
        assert not before.is_running()


async def test_noise_on_standard_output_is_no_reply(
    unconfined_sandbox: Sandbox, studio: Studio
) -> None:
    assert (await behave(unconfined_sandbox, studio, "shout")).input.width == 32


async def test_what_a_child_started_dies_with_it(
    unconfined_sandbox: Sandbox, studio: Studio
) -> None:
    with pytest.raises(DecoderCrashed):
        await behave(unconfined_sandbox, studio, "fork")
    sleeper = int((studio.inputs / "sleeper").read_text())
    await wait_until(lambda: not psutil.pid_exists(sleeper))


async def test_a_crash_does_not_disturb_another_image_process(
    studio: Studio, picture: Path
) -> None:
    async with Sandbox.open(2, LIMITS, REQUIRED, studio.scratch_dir, HOSTILE_PROGRAM) as sandbox:
        waiting = asyncio.create_task(behave(sandbox, studio, "sleep"))
        await wait_until(has_begun)
        with pytest.raises(DecoderCrashed):
            await behave(sandbox, studio, "segv")
        assert not waiting.done()
        waiting.cancel()
    assert picture.exists()


async def test_nothing_writes_after_a_canceled_render(
    unconfined_sandbox: Sandbox, studio: Studio
) -> None:
    (before,) = running_processes()
    rendering = asyncio.create_task(behave(unconfined_sandbox, studio, "sleep"))
    await wait_until(has_begun)
    rendering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rendering
    assert not before.is_running()
    assert (await behave(unconfined_sandbox, studio, "well")).input.width == 32
