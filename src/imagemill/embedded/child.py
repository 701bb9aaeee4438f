"""Child process that never outlives its parent, even one that is killed with SIGKILL."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

# Sent by a person, or by the kernel when memory is short; a broken program aborts or exits.
KILL_SIGNALS: Final = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT})

LAUNCHER: Final = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """How a child is launched: parent-death signal, user and working folder. See launcher.py.

    An empty user or folder is that of this process.
    """

    parent_death_signal: signal.Signals
    user: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class ChildExit:
    """How a child process exited."""

    description: str
    was_killed: bool = False
    """Whether a signal from outside ended it."""
    is_configuration_error: bool = False
    """Whether its settings are wrong, so that a restart would exit in the same way."""

    @classmethod
    def from_status(cls, status: int) -> "ChildExit":
        """Return the exit for a status of asyncio: a negative one is the number of a signal."""
        if status < 0:
            return cls(f"was killed by {signal.Signals(-status).name}", -status in KILL_SIGNALS)
        return cls(f"exited with status {status}", is_configuration_error=status == os.EX_CONFIG)

    def __str__(self) -> str:
        return self.description


class ChildProcess:
    """A child process in a session of its own: Ctrl-C in the terminal does not reach it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        options: LaunchOptions,
        *,
        stdin: bytes = b"",
        output: IO[bytes] | None = None,
    ) -> Self:
        """Start the program with the bytes `stdin` as its input.

        It writes to `output`, by default to the standard streams of this process. Call this in the
        main thread: the parent-death signal is sent when the thread that starts the child ends.
        """
        launch = (
            os.getpid(),
            int(options.parent_death_signal),
            options.user,
            options.folder,
            *command,
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", LAUNCHER),
            *map(str, launch),
            env=dict(environment),
            stdin=PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        child = cls(process)
        try:
            await child._write_stdin(stdin)
        except BaseException:
            child.kill()
            raise
        return child

    async def _write_stdin(self, stdin: bytes) -> None:
        pipe = self._process.stdin
        if pipe is None:
            raise AssertionError("the child was started with a pipe")
        with suppress(BrokenPipeError, ConnectionResetError):  # it exited, which wait() reports
            pipe.write(stdin)
            await pipe.drain()
            pipe.close()
            await pipe.wait_closed()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> ChildExit:
        """Wait until the process has exited."""
        return ChildExit.from_status(await self._process.wait())

    async def stop(self, with_signal: signal.Signals, grace_seconds: float) -> None:
        """Send the signal; kill the process if it has not exited after the grace time.

        It is also killed when the wait is canceled.
        """
        if self.is_running:
            self._process.send_signal(with_signal)
        try:
            async with asyncio.timeout(grace_seconds):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()
        except asyncio.CancelledError:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill the process and its process group."""
        if self.is_running:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
