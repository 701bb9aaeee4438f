"""A child that was taken over finds every door closed, and its neighbours notice nothing."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from imagemill.imaging.errors import DecoderCrashed, InvalidImage, OutOfMemory
from imagemill.imaging.sandbox.sandbox import Sandbox
from imaging import escapes
from imaging.escapes import Escape
from imaging.image_processes import HOSTILE_PROGRAM, REQUIRED, behave, running_processes, wait_until
from imaging.studio import LIMITS, Studio

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="walls of Linux")


async def outcomes(
    sandbox: Sandbox, studio: Studio, several: Mapping[str, Escape]
) -> dict[str, str]:
    """Have one child try one deed after the other, and return what came of each."""
    (child,) = running_processes()
    found = {}
    for name in several:
        with pytest.raises(InvalidImage) as told:
            await behave(sandbox, studio, name)
        found[name] = str(told.value)
    assert running_processes() == [child]
    return found


async def test_of_all_files_a_child_reads_and_writes_those_of_its_job(
    confined_sandbox: Sandbox, studio: Studio
) -> None:
    (studio.inputs / "secret").write_text("swordfish")
    assert await outcomes(confined_sandbox, studio, escapes.FILES) == {
        "read a file of the system": "EACCES",
        "read another input": "EACCES",
        "look for other desks": "EACCES",
        "look at the parent": "EACCES",
        "read the parent's environment": "EACCES",
        "read the parent's memory": "EACCES",
        "write elsewhere": "EACCES",
        "write over the input": "EACCES",
        "write into the input": "EACCES",
        "empty the input": "EPERM",
        "close the input to others": "EPERM",
        "give the input another time": "EPERM",
        "make a file": "EACCES",
        "make a folder": "EACCES",
        "make a link": "EACCES",
        "make another name": "EACCES",
        "rename an output": "EACCES",
        "remove an output": "EACCES",
        "write without end": "EFBIG",
    }


@pytest.mark.parametrize(
    "several", [escapes.NETWORK, escapes.PROCESSES, escapes.OTHERS, escapes.LIMITS]
)
async def test_a_child_speaks_to_nobody_starts_nothing_and_lifts_no_limit(
    confined_sandbox: Sandbox, studio: Studio, several: Mapping[str, Escape]
) -> None:
    assert await outcomes(confined_sandbox, studio, several) == dict.fromkeys(several, "EPERM")


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ("segv", DecoderCrashed),
        ("abrt", DecoderCrashed),
        ("memory", OutOfMemory),
        ("chatter", DecoderCrashed),
        ("flood", DecoderCrashed),
    ],
)
async def test_a_child_that_is_shut_in_dies_as_any_other(
    confined_sandbox: Sandbox, studio: Studio, behaviour: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await behave(confined_sandbox, studio, behaviour)
    assert (await behave(confined_sandbox, studio, "well")).input.width == 32


async def test_a_child_that_works_when_it_has_no_job_is_stopped(
    studio: Studio, picture: Path
) -> None:
    del picture
    limits = replace(LIMITS, timeout=timedelta(seconds=0.5))
    async with Sandbox.open(1, limits, REQUIRED, studio.scratch_dir, HOSTILE_PROGRAM) as sandbox:
        await behave(sandbox, studio, "spin later")
        process = sandbox._pool._slots[0].process
        assert process is not None
        await wait_until(lambda: not process.is_alive)
        assert (await behave(sandbox, studio, "well")).input.width == 32


async def test_what_libraries_do_in_the_middle_of_their_work_is_allowed(
    confined_sandbox: Sandbox, studio: Studio
) -> None:
    found = await outcomes(confined_sandbox, studio, escapes.ALLOWED)
    assert found == dict.fromkeys(escapes.ALLOWED, "done")


async def test_a_child_is_expendable_and_has_no_rights(confined_sandbox: Sandbox) -> None:
    del confined_sandbox
    (child,) = running_processes()
    process = Path("/proc", str(child.pid))
    lines = (process / "status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    assert (process / "oom_score_adj").read_text() == "1000\n"
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert {status[f"Cap{which}"] for which in ("Eff", "Prm", "Inh")} == {"0" * 16}
    assert os.getsid(child.pid) == child.pid


async def test_a_child_has_no_file_open_but_its_pipes(confined_sandbox: Sandbox) -> None:
    del confined_sandbox
    (child,) = running_processes()
    files = {link.name: str(link.readlink()) for link in Path(f"/proc/{child.pid}/fd").iterdir()}
    assert files.pop("0") == "/dev/null"
    assert len(files) == 4
    assert all(file.startswith(("pipe:", "socket:")) for file in files.values())


async def test_each_job_has_its_own_share_of_a_childs_cpu_time(
    confined_sandbox: Sandbox, studio: Studio
) -> None:
    await behave(confined_sandbox, studio, "well")
    (child,) = running_processes()
    soft, hard = child.rlimit(psutil.RLIMIT_CPU)
    assert soft in {41, 42}  # twice the time limit, past what its start took
    assert hard == 21 * 40
