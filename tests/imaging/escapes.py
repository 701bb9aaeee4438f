"""Escapes that hostile code might try once it runs in an image process.

Each is called with the job of the image process, and raises OSError if the system denies it.
"""

import codecs
import ctypes
import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from imagemill.imaging.limits import Limits

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.shmat.restype = ctypes.c_long

PRIVATE_KEY = 0
PTRACE_ATTACH = 16
PR_SET_PDEATHSIG = 1
LARGEST_FILE = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """A request, its descriptors, the process's limits, and the folder of inputs."""

    request: Any
    descriptors: Sequence[int]
    limits: Limits
    inputs: Path

    @property
    def input(self) -> int:
        return self.descriptors[0]

    @property
    def output(self) -> int:
        return self.descriptors[1]


Escape = Callable[[Job], object]


def outcome(escape: Escape, job: Job) -> str:
    """Return "done", or the name of the error that it was denied with."""
    try:
        escape(job)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except ValueError:
        return "EPERM"  # setrlimit raises it as ValueError
    return "done"


def by_path(descriptor: int) -> Path:
    return Path("/proc/self/fd", str(descriptor))


def parent(kind: str) -> Path:
    return Path("/proc", str(os.getppid()), kind)


def c(function: str, *arguments: int) -> None:
    if getattr(LIBC, function)(*map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), function)


def own_the_parents_signals(_job: Job) -> None:
    reading, _ = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETOWN, os.getppid())


def reset(function: Callable[[int], tuple[int, int]], what: int) -> None:
    resource.setrlimit(what, function(what))


def connect(family: int, kind: int, address: object) -> None:
    with socket.socket(family, kind) as connection:
        connection.connect(address)  # type: ignore[arg-type]  # each family has its own


def name_an_output(job: Job) -> None:
    folder = os.open("/proc/self/cwd", os.O_PATH)
    os.link(by_path(job.output), "named", dst_dir_fd=folder, follow_symlinks=True)


FILES: Mapping[str, Escape] = {
    "read a file of the system": lambda _: Path("/etc/passwd").read_text(),
    "read another input": lambda job: (job.inputs / "secret").read_text(),
    "look for other inputs": lambda job: list(job.inputs.iterdir()),
    "look at the parent": lambda _: list(parent("").iterdir()),
    "read the parent's environment": lambda _: parent("environ").read_bytes(),
    "read the parent's memory": lambda _: parent("mem").open("rb"),
    "write elsewhere": lambda job: (job.inputs / "elsewhere").write_text("x"),
    "write over the input": lambda job: os.write(job.input, b"x"),
    "open the input to write": lambda job: by_path(job.input).open("r+b"),
    "open the input to read": lambda job: by_path(job.input).open("rb"),
    "map the input to write": lambda job: mmap.mmap(job.input, 1),
    "empty the input": lambda job: os.truncate(job.input, 0),
    "close the input to others": lambda job: os.fchmod(job.input, 0),
    "give the input another time": lambda job: os.utime(job.input, (0, 0)),
    "open an output again": lambda job: by_path(job.output).open("r+b"),
    "make a file": lambda job: (job.inputs / "one more").touch(),
    "make a folder": lambda job: (job.inputs / "folder").mkdir(),
    "make a link": lambda job: (job.inputs / "link").symlink_to("/etc/passwd"),
    "name an output": name_an_output,
    "remove a file": lambda job: (job.inputs / "secret").unlink(),
    "rename a file": lambda job: (job.inputs / "secret").rename(job.inputs / "renamed"),
    "write without end": lambda job: os.pwrite(job.output, b"x", LARGEST_FILE),
}

NETWORK: Mapping[str, Escape] = {
    "speak TCP": lambda _: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 9)),
    "speak UDP": lambda _: connect(socket.AF_INET6, socket.SOCK_DGRAM, ("::1", 9)),
    "speak to a socket file": lambda _: connect(socket.AF_UNIX, socket.SOCK_STREAM, "/run/x"),
    "speak to an abstract socket": lambda _: connect(socket.AF_UNIX, socket.SOCK_DGRAM, "\0x"),
    "make a pair of sockets": lambda _: socket.socketpair(),
    "pass the input on": lambda job: c("sendmsg", job.input, 0, 0),
}

PROCESSES: Mapping[str, Escape] = {
    "become a program": lambda _: os.execv(sys.executable, [sys.executable]),  # noqa: S606
    "run a program": lambda _: subprocess.run([sys.executable, "-c", ""], check=True),
    "run a program in a shell": lambda _: os.posix_spawn("/bin/sh", ["sh"], {}),
    "make a process": lambda _: os.fork() or os._exit(0),
    "leave the namespaces": lambda _: c("unshare", 0x10000000),
}

OTHERS: Mapping[str, Escape] = {
    "ask whether the parent lives": lambda _: os.kill(os.getppid(), 0),
    "kill the parent": lambda _: os.kill(os.getppid(), signal.SIGKILL),
    "kill everybody": lambda _: os.kill(-1, signal.SIGUSR1),
    "have the kernel signal the parent": own_the_parents_signals,
    "trace the parent": lambda _: c("ptrace", PTRACE_ATTACH, os.getppid(), 0, 0),
    "read the parent's memory at once": lambda _: c(
        "process_vm_readv", os.getppid(), 0, 0, 0, 0, 0
    ),
    "take the parent's files": lambda _: resource.prlimit(
        os.getppid(), resource.RLIMIT_NOFILE, (1, 1)
    ),
    "hold up the parent": lambda _: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19),
    "move the parent": lambda _: os.sched_setaffinity(os.getppid(), {0}),
    "open shared memory": lambda _: c("shmget", PRIVATE_KEY, 4096, 0o1600),
}

LIMITS: Mapping[str, Escape] = {
    "take more CPU time": lambda _: reset(
        lambda what: (resource.getrlimit(what)[1],) * 2, resource.RLIMIT_CPU
    ),
    "take less memory": lambda _: reset(lambda _: (2**30, 2**30), resource.RLIMIT_AS),
    "outlive the parent": lambda _: c("prctl", PR_SET_PDEATHSIG, 0, 0, 0, 0),
    "mount": lambda _: c("mount", 0, 0, 0, 0, 0),
}

ALLOWED: Mapping[str, Escape] = {
    "load a codec": lambda _: codecs.lookup("ptcp154"),
    "start a thread": lambda _: Thread(target=os.getpid).start(),
}

ESCAPES: Mapping[str, Escape] = {**FILES, **NETWORK, **PROCESSES, **OTHERS, **LIMITS, **ALLOWED}
