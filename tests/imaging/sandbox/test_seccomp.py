"""The seccomp filter, run by a BPF interpreter, so that every architecture is tested.

The numbers in `kernel/` are those of the kernel's own headers (asm/unistd_64.h for x86_64,
asm-generic/unistd.h for aarch64), for what came after Linux 6.1 those of its tables.
"""

import errno
import json
import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from imagemill.imaging.sandbox.confine.seccomp import build_filter
from imagemill.imaging.sandbox.confine.syscalls import ARCHITECTURES, DENIED

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
OWN_PID = 4711
LAST_REVIEWED = 470

ALLOW = 0x7FFF0000
KILL = 0x80000000
EPERM = 0x00050000 | errno.EPERM
ENOSYS = 0x00050000 | errno.ENOSYS

CONDITIONAL = {"clone", "clone3", "fcntl", "kill", "prctl", "prlimit64", "tgkill"}


def system_calls(machine: str) -> dict[str, int]:
    lines = Path(__file__).with_name("kernel").joinpath(f"{machine}.txt").read_text().splitlines()
    return {name: int(number) for number, name in map(str.split, lines)}


def run(code: bytes, data: bytes) -> int:
    """Interpret a filter of classic BPF, as the kernel's `bpf_check_classic` would let it pass."""
    instructions = list(struct.iter_unpack("<HBBI", code))
    accumulator = position = 0
    while True:
        operation, if_true, if_false, value = instructions[position]
        position += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x15:
                position += if_true if accumulator == value else if_false
            case 0x25:
                position += if_true if accumulator > value else if_false
            case 0x45:
                position += if_true if accumulator & value else if_false
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(f"no such instruction: {operation:#x}")


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    architecture = AUDIT_ARCH[machine] if audit is None else audit
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<IIQ6Q", number, architecture, 0, *padded)
    return run(build_filter(ARCHITECTURES[machine], OWN_PID), data)


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_listed_system_calls_are_denied_and_all_others_allowed(
    machine: str,
) -> None:
    plain = {name: nr for name, nr in system_calls(machine).items() if name not in CONDITIONAL}
    found = {name: verdict(machine, number) for name, number in plain.items()}
    assert found == {name: EPERM if name in DENIED else ALLOW for name in plain}


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_numbers_are_those_of_the_kernel(machine: str) -> None:
    numbers = system_calls(machine)
    architecture = ARCHITECTURES[machine]
    listed = {**architecture.denied, **architecture.conditional}
    assert listed == {name: numbers[name] for name in {*DENIED, *CONDITIONAL} if name in numbers}
    assert max(numbers.values()) == LAST_REVIEWED


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("number", [LAST_REVIEWED + 1, 512, 0x40000000 | 59, 0xFFFFFFFF])
def test_system_calls_that_were_not_reviewed_fail_with_enosys(machine: str, number: int) -> None:
    assert verdict(machine, number) == ENOSYS


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("audit", [0x40000003, 0x40000028, 0])
def test_system_calls_of_another_architecture_kill_the_process(machine: str, audit: int) -> None:
    assert verdict(machine, 1, audit=audit) == KILL


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("call", "arguments", "answer"),
    [
        ("clone", (0x003D0F00,), ALLOW),  # pthread_create
        ("clone", (0x01200011,), EPERM),  # fork
        ("clone", (0x00004111,), EPERM),  # posix_spawn
        ("clone3", (0x003D0F00,), ENOSYS),
        ("kill", (OWN_PID, 9), ALLOW),
        ("kill", (1, 0), EPERM),
        ("kill", (0xFFFFFFFF, 9), EPERM),  # everybody
        ("kill", (0, 9), EPERM),
        ("tgkill", (OWN_PID, OWN_PID, 6), ALLOW),
        ("tgkill", (1, 1, 6), EPERM),
        ("prctl", (15,), ALLOW),  # a thread's name
        ("prctl", (1, 0), EPERM),  # the signal at the parent's death
        ("prctl", (4, 1), EPERM),  # memory for others to read
        ("fcntl", (3, 1), ALLOW),  # F_GETFD
        ("fcntl", (3, 8, 1), EPERM),  # F_SETOWN
        ("fcntl", (3, 10, 9), EPERM),  # F_SETSIG
        ("fcntl", (3, 15, 1), EPERM),  # F_SETOWN_EX
        ("prlimit64", (0, 0, 0, 0x7FFF00000000), ALLOW),  # to read a limit
        ("prlimit64", (0, 0, 0x7FFF), EPERM),
        ("prlimit64", (0, 0, 0x7FFF00000000), EPERM),
    ],
)
def test_some_system_calls_depend_on_their_arguments(
    machine: str, call: str, arguments: tuple[int, ...], answer: int
) -> None:
    assert verdict(machine, system_calls(machine)[call], *arguments) == answer


CALLER = """
import ctypes, errno, json, os, sys
from imagemill.imaging.sandbox.confine import confine
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
confine(SandboxPolicy(mode="required", memory_bytes=2**31, cpu_seconds=60))
call = ctypes.CDLL(None, use_errno=True).syscall
found = {}
for name, number in json.loads(sys.argv[1]).items():
    ctypes.set_errno(0)
    call(number, *map(ctypes.c_long, (-1, -1, -1, -1, -1, -1)))
    found[name] = errno.errorcode.get(ctypes.get_errno(), "none")
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_the_kernel_denies_each_listed_system_call() -> None:
    numbers = system_calls(platform.machine())
    asked = {name: numbers[name] for name in DENIED if name in numbers}
    asked |= {"clone3": numbers["clone3"], "a new one": LAST_REVIEWED + 1}
    said = subprocess.run(
        [sys.executable, "-c", CALLER, json.dumps(asked)], check=True, stdout=subprocess.PIPE
    )
    expected = dict.fromkeys(asked, "EPERM") | {"clone3": "ENOSYS", "a new one": "ENOSYS"}
    assert json.loads(said.stdout) == expected
