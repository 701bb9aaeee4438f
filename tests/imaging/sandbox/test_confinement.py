"""Levels of confinement, by the setting and by what the system supports."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from imagemill.imaging.errors import ImageProcessDidNotStart, InvalidImage
from imagemill.imaging.sandbox.confine.landlock import FILE_RIGHTS
from imagemill.imaging.sandbox.image_process import PROGRAM
from imagemill.imaging.sandbox.sandbox import BEST_EFFORT, Sandbox
from imagemill.imaging.spec.pipeline import Pipeline
from imaging.image_processes import HOSTILE_PROGRAM, OFF, ONE_OUTPUT, REQUIRED, behave, render_file
from imaging.studio import LIMITS, Studio

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")

# Becomes an image process on a kernel that answers one system call as older ones do.
OLDER_KERNEL = """
import errno, os, sys
from imagemill.imaging.sandbox.confine.bpf import ALLOW, EQUAL, ERRNO, NUMBER
from imagemill.imaging.sandbox.confine.bpf import if_, load, low_word, return_
from imagemill.imaging.sandbox.confine.process import PR_SET_NO_NEW_PRIVS
from imagemill.imaging.sandbox.confine.seccomp import PR_SET_SECCOMP, _install
from imagemill.imaging.sandbox.confine.system import prctl
missing = {
    "landlock": if_(EQUAL, 444, return_(ERRNO | errno.ENOSYS)),
    "seccomp": if_(
        EQUAL, {"x86_64": 157, "aarch64": 167}[os.uname().machine],
        load(low_word(0)) + if_(EQUAL, PR_SET_SECCOMP, return_(ERRNO | errno.EINVAL)),
    ),
}
prctl(PR_SET_NO_NEW_PRIVS, 1)
_install(load(NUMBER) + missing[sys.argv[1]] + return_(ALLOW))
os.execv(sys.argv[2], sys.argv[2:])
"""


def on_older_kernel(missing: str) -> tuple[str, ...]:
    return (sys.executable, "-c", OLDER_KERNEL, missing, *PROGRAM)


async def test_a_system_that_supports_everything_confines_fully() -> None:
    async with Sandbox.open(1, LIMITS, REQUIRED) as sandbox:
        name, _, active = str(sandbox.level).partition(": ")
    assert name == "full"
    assert active.startswith("landlock abi ")
    assert active.endswith(", seccomp, rlimits")


async def test_off_keeps_the_resource_limits() -> None:
    async with Sandbox.open(1, LIMITS, OFF) as sandbox:
        assert str(sandbox.level) == "off: rlimits"


@pytest.mark.parametrize(
    ("missing", "name", "version"),
    [("landlock", "Landlock", "Linux 5.13 or later"), ("seccomp", "seccomp", "SECCOMP_FILTER")],
)
async def test_what_the_kernel_lacks_is_reported_and_fatal_when_required(
    studio: Studio, picture: Path, missing: str, name: str, version: str
) -> None:
    program = on_older_kernel(missing)
    async with Sandbox.open(1, LIMITS, BEST_EFFORT, program=program) as sandbox:
        assert sandbox.level.name == "partial"
        assert missing not in " ".join(sandbox.level.active)
        assert version in str(sandbox.level)
        assert (await render_file(sandbox, picture, studio.outputs, ONE_OUTPUT)).input.width == 32
    with pytest.raises(
        ImageProcessDidNotStart, match=f"SANDBOX=required.*{name}.*{version}"
    ) as refused:
        async with Sandbox.open(1, LIMITS, REQUIRED, program=program):
            pass
    assert str(refused.value).count("\n") == 0


PREPARE = """
import sys, threading
from imagemill.imaging.sandbox.confine import landlock, process
from imagemill.imaging.sandbox.confine.system import prctl
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
policy = SandboxPolicy(
    mode="required", memory_bytes=1, cpu_seconds=1, readable=(sys.argv[1],)
)
process.drop_privileges()
"""


def run_confined(program: str, studio: Studio) -> str:
    """Return what a program printed whose policy has the inputs readable."""
    command = [sys.executable, "-c", PREPARE + program, str(studio.inputs), str(studio.outputs)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


TRY_FILES = """
landlock._abi_version = lambda: int({abi})
print(landlock.restrict(policy))
for path, mode in (
    (sys.argv[1] + "/a", "rb"), (sys.argv[1] + "/a", "r+b"), (sys.argv[1] + "/b", "xb"),
    (sys.argv[2] + "/a", "rb"), ("/etc/passwd", "rb"),
):
    try:
        open(path, mode).close()
        print("yes")
    except PermissionError:
        print("no")
"""


@pytest.mark.parametrize("abi", range(1, 8))
def test_every_version_of_landlock_works(studio: Studio, abi: int) -> None:
    for folder in (studio.inputs, studio.outputs):
        (folder / "a").touch()
    printed = run_confined(TRY_FILES.format(abi=abi), studio).split("\n")
    assert printed == [f"landlock abi {abi}", "yes", "no", "no", "no", "no", ""]


def test_all_that_each_version_of_landlock_can_deny_is_denied() -> None:
    """LANDLOCK_ACCESS_FS_EXECUTE to _MAKE_SYM; _REFER; _TRUNCATE; none; _IOCTL_DEV."""
    assert [rights.bit_length() for rights in FILE_RIGHTS] == [13, 14, 15, 15, 16]


TRY_OTHERS = """
import os, socket
landlock._abi_version = lambda: {abi}
landlock.restrict(policy)
for attempt, *arguments in (socket.socket().connect, ("127.0.0.1", 9)), (os.kill, os.getppid(), 0):
    try:
        print(attempt(*arguments))
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.mark.parametrize(
    ("abi", "connecting", "signalling"),
    [
        (3, "ConnectionRefusedError", "None"),
        (4, "PermissionError", "None"),
        (6, "PermissionError", "PermissionError"),
    ],
)
def test_landlock_alone_denies_network_and_signals_from_the_version_that_can(
    studio: Studio, abi: int, connecting: str, signalling: str
) -> None:
    assert run_confined(TRY_OTHERS.format(abi=abi), studio).split() == [connecting, signalling]


def test_a_process_with_threads_does_not_count_as_confined(studio: Studio) -> None:
    waiting = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    program = f"{waiting}\nlandlock.restrict(policy)"
    assert "Unsupported: a process that no library started threads in" in run_confined(
        program, studio
    )


def test_other_processes_of_the_user_cannot_read_the_memory_of_an_image_process(
    studio: Studio,
) -> None:
    get_dumpable = 3
    assert run_confined(f"print(prctl({get_dumpable}))", studio) == "0\n"


async def test_an_image_process_may_read_the_assets(
    confined_sandbox: Sandbox, studio: Studio, picture: Path
) -> None:
    (studio.inputs / "secret").touch()
    with pytest.raises(InvalidImage, match="EACCES"):
        await behave(confined_sandbox, studio, "read another input")
    limits = replace(LIMITS, assets=studio.inputs)
    async with Sandbox.open(1, limits, REQUIRED, studio.scratch_dir, HOSTILE_PROGRAM) as sandbox:
        with pytest.raises(InvalidImage, match="done"):
            await behave(sandbox, studio, "read another input")
    assert picture.exists()


async def test_an_image_process_starts_without_the_assets_folder(
    studio: Studio, picture: Path
) -> None:
    limits = replace(LIMITS, assets=studio.inputs / "none")
    async with Sandbox.open(1, limits, REQUIRED, studio.scratch_dir) as sandbox:
        assert (await render_file(sandbox, picture, studio.outputs, ONE_OUTPUT)).input.width == 32


async def test_a_confined_image_process_draws_text_and_images(
    studio: Studio, picture: Path
) -> None:
    limits = replace(LIMITS, assets=studio.inputs)
    marks = ({"text": "Grüße"}, {"image": "picture.png"})
    pipeline = Pipeline.model_validate(
        {"outputs": [{"name": f"o{at}", "watermark": mark} for at, mark in enumerate(marks)]}
    )
    async with Sandbox.open(1, limits, REQUIRED, studio.scratch_dir) as sandbox:
        assert len((await render_file(sandbox, picture, studio.outputs, pipeline)).outputs) == 2
