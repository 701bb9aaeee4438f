"""A child process that ends with this one, whatever happens to either."""

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

# A person's doing, or the kernel's when memory is short; a program that is broken aborts or exits.
FROM_OUTSIDE: Final = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT})

LAUNCHER: Final = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True, slots=True)
class Tie:
    """How a child is tied to this process: what it gets when we die, and as whom it runs where.

    An empty account is ours, an empty folder the one we are in. See launcher.py.
    """

    deadly_signal: signal.Signals
    account: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run came to its end, in words, and whether somebody else brought it about."""

    words: str
    came_from_outside: bool = False
    would_come_again: bool = False
    """Whether the next run would end the same way: its settings are wrong."""

    @classmethod
    def of(cls, status: int) -> "Ending":
        """Return the ending that an exit status tells of; a negative one is that of a signal."""
        if status < 0:
            return cls(f"was ended by {signal.Signals(-status).name}", -status in FROM_OUTSIDE)
        return cls(f"ended with status {status}", would_come_again=status == os.EX_CONFIG)

    def __str__(self) -> str:
        return self.words


class ChildProcess:
    """A running program, in a session of its own: Ctrl-C in the terminal is for us alone."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        tie: Tie,
        *,
        stdin: bytes = b"",
        output: IO[bytes] | None = None,
    ) -> Self:
        """Start the program; it reads `stdin` to its end and writes to `output`, or where we do.

        Call it from the main thread: the child is tied to the thread that starts it.
        """
        launch = (os.getpid(), int(tie.deadly_signal), tie.account, tie.folder, *command)
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
            await child._feed(stdin)
        except BaseException:
            child.kill()
            raise
        return child

    async def _feed(self, stdin: bytes) -> None:
        pipe = self._process.stdin
        if pipe is None:
            raise AssertionError("the child was started with a pipe")
        with suppress(BrokenPipeError, ConnectionResetError):  # it died; who waits will see how
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

    async def wait(self) -> Ending:
        """Wait for its end and return how it came."""
        return Ending.of(await self._process.wait())

    async def stop(self, with_signal: signal.Signals, grace_seconds: float) -> None:
        """Ask it to end; kill it when it does not within the grace time, or when we lose it."""
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
        """Kill it, together with the children it keeps in its session."""
        if self.is_running:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
