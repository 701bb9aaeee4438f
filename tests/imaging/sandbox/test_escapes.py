"""Attempts of a hostile image process to break out of its confinement: each is denied."""

import math
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from imagemill.imaging.errors import DecoderCrashed, InvalidImage, OutOfMemory
from imagemill.imaging.sandbox import cpu_time
from imagemill.imaging.sandbox.sandbox import Sandbox
from imaging import escapes
from imaging.escapes import Escape
from imaging.image_processes import HOSTILE_PROGRAM, REQUIRED, behave, running_processes, wait_until
from imaging.studio import LIMITS, Studio

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")


async def outcomes(
    sandbox: Sandbox, studio: Studio, attempts: Mapping[str, Escape]
) -> dict[str, str]:
    """Try the escapes one after the other in the same process, and return how each ended."""
    (process,) = running_processes()
    found = {}
    for name in attempts:
        with pytest.raises(InvalidImage) as caught:
            await behave(sandbox, studio, name)
        found[name] = str(caught.value)
    assert running_processes() == [process]
    return found


async def test_an_image_process_reads_and_writes_the_files_of_its_job_only(
    confined_sandbox: Sandbox, studio: Studio
) -> None:
    (studio.inputs / "secret").write_text("swordfish")
    assert await outcomes(confined_sandbox, studio, escapes.FILES) == {
        "read a file of the system": "EACCES",
        "read another input": "EACCES",
        "look for other inputs": "EACCES",
        "look at the parent": "EACCES",
        "read the parent's environment": "EACCES",
        "read the parent's memory": "EACCES",
        "write elsewhere": "EACCES",
        "write over the input": "EBADF",
        "open the input to write": "EACCES",
        "open the input to read": "EACCES",
        "map the input to write": "EACCES",
        "empty the input": "EINVAL",
        "close the input to others": "EPERM",
        "give the input another time": "EPERM",
        "open an output again": "EACCES",
        "make a file": "EACCES",
        "make a folder": "EACCES",
        "make a link": "EACCES",
        "name an output": "EACCES",
        "remove a file": "EACCES",
        "rename a file": "EACCES",
        "write without end": "EFBIG",
    }


@pytest.mark.parametrize(
    "attempts", [escapes.NETWORK, escapes.PROCESSES, escapes.OTHERS, escapes.LIMITS]
)
async def test_an_image_process_cannot_connect_start_processes_signal_or_lift_limits(
    confined_sandbox: Sandbox, studio: Studio, attempts: Mapping[str, Escape]
) -> None:
    assert await outcomes(confined_sandbox, studio, attempts) == dict.fromkeys(attempts, "EPERM")


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
async def test_a_confined_image_process_that_dies_is_replaced(
    confined_sandbox: Sandbox, studio: Studio, behaviour: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await behave(confined_sandbox, studio, behaviour)
    assert (await behave(confined_sandbox, studio, "well")).input.width == 32


async def test_an_image_process_that_works_while_idle_is_killed(
    studio: Studio, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del picture
    # Four seconds of CPU, which do not pass while a machine stalls, in a job that may take longer.
    monkeypatch.setattr(cpu_time, "CORES", 0.1)
    limits = replace(LIMITS, timeout=timedelta(seconds=40))
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


async def test_an_image_process_is_killed_first_when_memory_runs_out_and_has_no_privileges(
    confined_sandbox: Sandbox,
) -> None:
    del confined_sandbox
    (process,) = running_processes()
    folder = Path("/proc", str(process.pid))
    lines = (folder / "status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    assert (folder / "oom_score_adj").read_text() == "1000\n"
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert {status[f"Cap{which}"] for which in ("Eff", "Prm", "Inh")} == {"0" * 16}
    assert os.getsid(process.pid) == process.pid


async def test_an_image_process_has_only_its_socket_open(confined_sandbox: Sandbox) -> None:
    del confined_sandbox
    (process,) = running_processes()
    files = {link.name: str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()}
    assert files.pop("0") == "/dev/null"
    assert len(files) == 3
    assert sorted(file.partition(":")[0] for file in files.values()) == ["pipe", "pipe", "socket"]


async def test_each_job_has_its_own_limit_of_cpu_time(
    confined_sandbox: Sandbox, studio: Studio
) -> None:
    await behave(confined_sandbox, studio, "well")
    (process,) = running_processes()
    soft, hard = process.rlimit(psutil.RLIMIT_CPU)
    # Twice the time limit, past what its start took.
    assert 41 <= soft <= 40 + math.ceil(cpu_time._used_seconds(process.pid))
    assert hard == 21 * 40
