"""Processes of a PostgreSQL whose parent is gone.

A server dies with its `imagemill up` on Linux, but not at once, nor at all on macOS; and the
children of a server that was killed may outlive it while they finish a statement. None may be
left when a new server opens the same folder.
"""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

GRACE_SECONDS: Final = 15.0


async def clear_leftovers(data: Path) -> None:
    """End every process of PostgreSQL that works in the folder, and remove what marks it as in use.

    PostgreSQL itself refuses to start while the process id in its mark is alive, though after a
    crash or in a new container that may be any program. No process of ours is, so the mark goes.
    """
    await asyncio.to_thread(_clear, data)


def _clear(data: Path) -> None:
    mark = data / "postmaster.pid"
    if not mark.exists():
        return
    ours, unknown = _processes_in(data)
    _end(ours)
    if not unknown:
        mark.unlink(missing_ok=True)


def _processes_in(data: Path) -> tuple[list[psutil.Process], list[psutil.Process]]:
    """Return which processes of PostgreSQL work in the folder, and of which we may not know.

    All of a server's processes have its data folder as their working folder.
    """
    owner = data.stat().st_uid
    ours, unknown = [], []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, FileNotFoundError):
            if process.name() != "postgres" or process.uids().effective != owner:
                continue
            try:
                if Path(process.cwd()) == data:
                    ours.append(process)
            except psutil.AccessDenied:
                unknown.append(process)
    return ours, unknown


def _end(processes: list[psutil.Process]) -> None:
    # SIGQUIT, to a server: stop at once and recover at the next start; to one of its children: end.
    for process in processes:
        _send(process, signal.SIGQUIT)
    _, alive = psutil.wait_procs(processes, timeout=GRACE_SECONDS)
    for process in alive:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=GRACE_SECONDS)


def _send(process: psutil.Process, which: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(which)
