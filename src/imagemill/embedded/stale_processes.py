"""Stale processes of an embedded PostgreSQL whose parent has died.

On Linux a server dies with its `imagemill up`, but not at once, and on macOS not at all; and the
backends of a killed server may outlive it until their statement ends. All of them must be gone
before a new server opens the same data folder.
"""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

GRACE_SECONDS: Final = 15.0


async def end_stale_processes(data: Path) -> None:
    """End every process of PostgreSQL on the data folder, and delete its postmaster.pid.

    PostgreSQL refuses to start while the process id in that file is alive, although after a crash
    or in a new container it may belong to any program.
    """
    await asyncio.to_thread(_end_all, data)


def _end_all(data: Path) -> None:
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    found, unknown = _processes_in(data)
    _end(found)
    if not unknown:
        pid_file.unlink(missing_ok=True)


def _processes_in(data: Path) -> tuple[list[psutil.Process], list[psutil.Process]]:
    """Return the processes of PostgreSQL on the data folder, and those that may be.

    All processes of a server have its data folder as their working folder, but reading that of
    another process may be denied.
    """
    owner = data.stat().st_uid
    found, unknown = [], []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, FileNotFoundError):
            if process.name() != "postgres" or process.uids().effective != owner:
                continue
            try:
                if Path(process.cwd()) == data:
                    found.append(process)
            except psutil.AccessDenied:
                unknown.append(process)
    return found, unknown


def _end(processes: list[psutil.Process]) -> None:
    # SIGQUIT is an immediate shutdown; the next start recovers. A backend ends as well.
    for process in processes:
        _send(process, signal.SIGQUIT)
    _, alive = psutil.wait_procs(processes, timeout=GRACE_SECONDS)
    for process in alive:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=GRACE_SECONDS)


def _send(process: psutil.Process, which: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(which)
