"""An image process as its parent sees it: started, sent requests, and killed for certain."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Self, TypeVar, cast

from imagemill.imaging.errors import DecoderCrashed, ImageProcessDidNotStart, TimedOut
from imagemill.imaging.sandbox import cpu_time
from imagemill.imaging.sandbox.arguments import Arguments
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.connection import Connection
from imagemill.imaging.sandbox.exit_reason import error_for_exit
from imagemill.imaging.sandbox.replies import Ready
from imagemill.imaging.sandbox.scratch_files import ScratchFiles

R = TypeVar("R")

PROGRAM: Final = (
    sys.executable,
    "-P",  # do not import from the current directory
    "-Xfaulthandler",  # a crash prints where it was to standard error
    "-m",
    "imagemill.imaging.sandbox.image_process_main",
)

# An image process inherits these variables only, none of the worker's secrets. LD_PRELOAD loads
# jemalloc.
INHERITED_VARIABLES: Final = ("PATH", "LD_PRELOAD")
ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",  # NumPy would start a thread for each core, and computes nothing
    "VIPS_CONCURRENCY": "1",
    "VIPS_DISC_THRESHOLD": "100g",  # large pictures in memory, never in temporary files
}

START_TIMEOUT: Final = timedelta(seconds=30)
EXIT_TIMEOUT: Final = timedelta(seconds=5)

# How much of the end of standard error is kept, for messages.
STDERR_TAIL_BYTES: Final = 4096


class ImageProcess:
    """A running image process. It serves one request at a time; after any failure it is dead."""

    level: ConfinementLevel  # known once it has started

    def __init__(self, process: Process, connection: Connection, scratch_dir: Path) -> None:
        self.scratch_files = ScratchFiles(scratch_dir)
        self._process = process
        self._connection = connection
        # None only when no pipe was asked for.
        self._errors = cast("asyncio.StreamReader", process.stderr)
        self._is_busy = False
        self._stderr = b""
        self._reading_stderr = asyncio.create_task(self._read_stderr())

    @classmethod
    async def start(cls, program: Sequence[str], arguments: Arguments, scratch_dir: Path) -> Self:
        """Start the program with scratch files in this folder, and wait until it is ready.

        Raises ImageProcessDidNotStart.
        """
        connection, childs = Connection.pair()
        with childs:
            spawning = asyncio.create_task(_spawn((*program, *arguments.format()), childs))
            try:
                process = cls(await asyncio.shield(spawning), connection, scratch_dir)
            except asyncio.CancelledError:
                # asyncio would lose a process whose creation is canceled.
                with suppress(ImageProcessDidNotStart):
                    await cls(await spawning, connection, scratch_dir).kill()
                connection.close()
                raise
            except ImageProcessDidNotStart:
                connection.close()
                raise
        try:
            process.level = await process._wait_until_ready()
        except BaseException:
            await process.kill()
            raise
        return process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def exchange(
        self,
        request: str,
        descriptors: Sequence[int],
        read_reply: Callable[[Connection], Awaitable[R]],
        time_limit: timedelta,
    ) -> R:
        """Send a request and return what `read_reply` makes of the connection.

        Raises TimedOut when the time limit is exceeded, DecoderCrashed when the reply is invalid,
        and what `error_for_exit` makes of the exit status when the process ends without a reply.
        After any of these, and when canceled, the process and all that it started are dead.
        """
        self._is_busy = True
        try:
            cpu_time.raise_soft_limit(self.pid, cpu_time.seconds_per_job(time_limit))
            async with asyncio.timeout(time_limit.total_seconds()):
                return await self._exchange(request, descriptors, read_reply)
        except TimeoutError as error:
            await self.kill()
            seconds = time_limit.total_seconds()
            raise TimedOut(f"Rendering took longer than {seconds:g} seconds.") from error
        except BaseException:
            await self.kill()
            raise
        finally:
            self._is_busy = False

    async def kill(self) -> None:
        """Kill the process group, and return when the process and its scratch files are gone."""
        # One that died during a request may have left others of its group. The pid of one that died
        # while idle may by now be another process's.
        if self.is_alive or self._is_busy:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        exiting = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait(
                {exiting, self._reading_stderr}, timeout=EXIT_TIMEOUT.total_seconds()
            )
        finally:
            exiting.cancel()
            self._connection.close()
            self.scratch_files.close()

    async def _wait_until_ready(self) -> ConfinementLevel:
        try:
            async with asyncio.timeout(START_TIMEOUT.total_seconds()):
                reply = await self._connection.receive()
        except (EOFError, OSError, DecoderCrashed):
            reply = None
        if not isinstance(reply, Ready):
            await self.kill()
            raise ImageProcessDidNotStart(
                f"An image process did not become ready: {self._stderr_tail()}"
            )
        return reply.level

    async def _exchange(
        self,
        request: str,
        descriptors: Sequence[int],
        read_reply: Callable[[Connection], Awaitable[R]],
    ) -> R:
        try:
            await self._connection.send(request, descriptors)
            reply = await read_reply(self._connection)
        except (EOFError, ConnectionError) as error:
            # Sockets close after the exit status is settled, so that this kill does not change it.
            await self.kill()
            raise error_for_exit(self._process.returncode, self._stderr_tail()) from error
        if self._connection.has_unread:
            raise DecoderCrashed("The decoder sent more than a reply.")
        return reply

    async def _read_stderr(self) -> None:
        while read := await self._errors.read(STDERR_TAIL_BYTES):
            self._stderr = (self._stderr + read)[-STDERR_TAIL_BYTES:]

    def _stderr_tail(self) -> str:
        return self._stderr.decode(errors="replace").strip()


async def _spawn(arguments: Sequence[str], connection: socket.socket) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *arguments,
            stdin=connection.fileno(),
            stdout=DEVNULL,
            stderr=PIPE,
            env=_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise ImageProcessDidNotStart(f"An image process could not be started: {error}") from error


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    return {**inherited, **ENVIRONMENT}
