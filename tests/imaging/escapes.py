"""Escapes that hostile code might try once it runs in an image process.

Each is called with the image process's request, and raises OSError if the system denies it.
"""

import codecs
import ctypes
import errno
import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread

from imagemill.imaging.formats import PNG
from imagemill.imaging.sandbox.protocol import RenderRequest

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.shmat.restype = ctypes.c_long

PRIVATE_KEY = 0
PTRACE_ATTACH = 16
PR_SET_PDEATHSIG = 1
LARGEST_FILE = 512 * 1024 * 1024

Escape = Callable[[RenderRequest], object]


def outcome(escape: Escape, request: RenderRequest) -> str:
    """Return "done", or the name of the error that it was denied with."""
    try:
        escape(request)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except ValueError:
        return "EPERM"  # setrlimit raises it as ValueError
    return "done"


def output(request: RenderRequest) -> Path:
    return PNG.file(Path(request.folder), "image")


def scratch_dir(request: RenderRequest) -> Path:
    return Path(request.folder).parents[1]


def own_input(request: RenderRequest) -> Path:
    return Path(request.input_file)


def parent(kind: str) -> Path:
    return Path("/proc", str(os.getppid()), kind)


def c(function: str, *arguments: int) -> None:
    if getattr(LIBC, function)(*map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), function)


def own_the_parents_signals(_request: RenderRequest) -> None:
    reading, _ = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETOWN, os.getppid())


def reset(function: Callable[[int], tuple[int, int]], what: int) -> None:
    resource.setrlimit(what, function(what))


def connect(family: int, kind: int, address: object) -> None:
    with socket.socket(family, kind) as connection:
        connection.connect(address)  # type: ignore[arg-type]  # each family has its own


def write_past_the_largest_file(request: RenderRequest) -> None:
    with output(request).open("r+b") as file:
        file.seek(LARGEST_FILE)
        file.write(b"x")
        file.flush()


FILES: Mapping[str, Escape] = {
    "read a file of the system": lambda _: Path("/etc/passwd").read_text(),
    "read another input": lambda r: (scratch_dir(r).parent / "inputs" / "secret").read_text(),
    "look for other job directories": lambda r: list(scratch_dir(r).iterdir()),
    "look at the parent": lambda _: list(parent("").iterdir()),
    "read the parent's environment": lambda _: parent("environ").read_bytes(),
    "read the parent's memory": lambda _: parent("mem").open("rb"),
    "write elsewhere": lambda r: (scratch_dir(r) / "elsewhere").write_text("x"),
    "write over the input": lambda r: own_input(r).write_text("x"),
    "write into the input": lambda r: own_input(r).open("r+b"),
    "empty the input": lambda r: os.truncate(own_input(r), 0),
    "close the input to others": lambda r: own_input(r).chmod(0),
    "give the input another time": lambda r: os.utime(own_input(r), (0, 0)),
    "make a file": lambda r: Path(r.folder, "one more").touch(),
    "make a folder": lambda r: Path(r.folder, "folder").mkdir(),
    "make a link": lambda r: Path(r.folder, "link").symlink_to("/etc/passwd"),
    "make another name": lambda r: Path(r.folder, "name").hardlink_to(output(r)),
    "rename an output": lambda r: output(r).rename(Path(r.folder, "renamed")),
    "remove an output": lambda r: output(r).unlink(),
    "write without end": write_past_the_largest_file,
}

NETWORK: Mapping[str, Escape] = {
    "speak TCP": lambda _: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 9)),
    "speak UDP": lambda _: connect(socket.AF_INET6, socket.SOCK_DGRAM, ("::1", 9)),
    "speak to a socket file": lambda _: connect(socket.AF_UNIX, socket.SOCK_STREAM, "/run/x"),
    "speak to an abstract socket": lambda _: connect(socket.AF_UNIX, socket.SOCK_DGRAM, "\0x"),
    "make a pair of sockets": lambda _: socket.socketpair(),
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
