"""One child process as its parent sees it: started, asked, and ended without fail."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Self, cast

from pydantic import ValidationError

from imagemill.blocking import run_in_thread
from imagemill.imaging.errors import (
    DecoderCrashed,
    ImageProcessDidNotStart,
    ImageProcessFailed,
    OutOfMemory,
    TimedOut,
)
from imagemill.imaging.sandbox import cpu_time
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.job_directory import JobDirectory
from imagemill.imaging.sandbox.protocol import (
    LENGTH_BYTES,
    MAX_FRAME,
    REPLY,
    Message,
    Ready,
    Reply,
    encode_frame,
)

PROGRAM: Final = (
    sys.executable,
    "-P",  # the folder we happen to stand in is no place to import from
    "-Xfaulthandler",  # a crash says where it was, on standard error
    "-m",
    "imagemill.imaging.sandbox.image_process_main",
)

# Of the worker's environment, with its secrets, a child sees this much. LD_PRELOAD brings jemalloc.
INHERITED: Final = ("PATH", "LD_PRELOAD")
ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "VIPS_CONCURRENCY": "1",
    "VIPS_DISC_THRESHOLD": "100g",  # large pictures in memory, never in temporary files
}

START_TIMEOUT: Final = timedelta(seconds=30)
DEATH_TIMEOUT: Final = timedelta(seconds=5)

GARBLED: Final = "The decoder's answer could not be read."

# What is kept of standard error, for the log.
TAIL_BYTES: Final = 4096

# glib and C++ end the process when they get no memory, and say so.
NO_MEMORY: Final = ("failed to allocate", "bad_alloc", "MemoryError", "Cannot allocate memory")


class ImageProcess:
    """A child process. It answers one request at a time, and after any failure it is dead."""

    level: ConfinementLevel  # known once it has started

    def __init__(self, process: Process, job_directory: JobDirectory) -> None:
        self.job_directory = job_directory
        self._process = process
        # None only when no pipes were asked for.
        self._requests = cast("asyncio.StreamWriter", process.stdin)
        self._replies = cast("asyncio.StreamReader", process.stdout)
        self._errors = cast("asyncio.StreamReader", process.stderr)
        self._is_asked = False
        self._said = b""
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, program: Sequence[str], terms: SandboxPolicy, scratch_dir: Path) -> Self:
        """Start the program at a desk of its own and wait until it is ready.

        Raises ImageProcessDidNotStart, ScratchFull.
        """
        job_directory = await run_in_thread(JobDirectory.set_up, scratch_dir)
        own = terms.at(job_directory.inputs, job_directory.outputs).model_dump_json()
        spawning = asyncio.create_task(_spawn((*program, str(os.getpid()), own)))
        try:
            child = cls(await asyncio.shield(spawning), job_directory)
        except asyncio.CancelledError:
            # asyncio would lose sight of a process that is cancelled while it is made.
            with suppress(ImageProcessDidNotStart):
                await cls(await spawning, job_directory).end()
            raise
        except ImageProcessDidNotStart:
            await run_in_thread(job_directory.remove)
            raise
        try:
            child.level = await child._expect_ready()
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    @property
    def last_words(self) -> str:
        """The end of what it wrote to standard error."""
        return self._said.decode(errors="replace").strip()

    async def ask(self, request: Message, time_limit: timedelta) -> Reply:
        """Send a request and return the reply.

        Raises TimedOut, DecoderCrashed or OutOfMemory; then, and when cancelled, the process and
        all it started have been killed.
        """
        self._is_asked = True
        try:
            cpu_time.grant(self.pid, cpu_time.share(time_limit))
            async with asyncio.timeout(time_limit.total_seconds()):
                return await self._exchange(request)
        except TimeoutError as error:
            await self.end()
            seconds = time_limit.total_seconds()
            raise TimedOut(f"Rendering took longer than {seconds:g} seconds.") from error
        except BaseException:
            await self.end()
            raise
        finally:
            self._is_asked = False

    async def end(self) -> None:
        """Kill the process with its whole group, and return when it and its desk are gone."""
        # One that died in the middle of a request may have left others of its group. One that died
        # long ago may have left its number to a stranger.
        if self.is_alive or self._is_asked:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        leaving = asyncio.create_task(self._leave())
        try:
            await asyncio.wait({leaving, self._listening}, timeout=DEATH_TIMEOUT.total_seconds())
        finally:
            leaving.cancel()
            await run_in_thread(self.job_directory.remove)

    async def _exchange(self, request: Message) -> Reply:
        try:
            self._requests.write(encode_frame(request))
            await self._requests.drain()
            return await self._read()
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise await self._cause_of_death() from error

    async def _read(self) -> Reply:
        length = int.from_bytes(await self._replies.readexactly(LENGTH_BYTES))
        if length > MAX_FRAME:
            raise DecoderCrashed(GARBLED)
        try:
            return REPLY.validate_json(await self._replies.readexactly(length))
        except ValidationError as error:
            raise DecoderCrashed(GARBLED) from error

    async def _expect_ready(self) -> ConfinementLevel:
        try:
            async with asyncio.timeout(START_TIMEOUT.total_seconds()):
                reply = await self._read()
        except (asyncio.IncompleteReadError, ConnectionError, DecoderCrashed, TimeoutError):
            reply = None
        if not isinstance(reply, Ready):
            await self.end()
            raise ImageProcessDidNotStart(f"An image process did not get ready: {self.last_words}")
        return reply.level

    async def _cause_of_death(self) -> ImageProcessFailed:
        """Tell from its end what happened to a process that hung up."""
        # Pipes close after the exit status is settled, so this kill does not change it.
        await self.end()
        code = self._process.returncode
        if code == -signal.SIGXCPU:
            return TimedOut("Rendering took more CPU time than a job may use.")
        if code == -signal.SIGKILL or any(sign in self.last_words for sign in NO_MEMORY):
            return OutOfMemory("The decoder met its memory limit.")
        if code is None:
            return DecoderCrashed("The decoder hung up.")
        ending = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return DecoderCrashed(f"The decoder ended with {ending}.")

    async def _leave(self) -> None:
        """Read what is left in the pipe, since asyncio counts a process as gone only after that."""
        with suppress(RuntimeError, ConnectionError):  # RuntimeError: a render is reading it
            while await self._replies.read(TAIL_BYTES):
                pass
        await self._process.wait()

    async def _listen(self) -> None:
        while said := await self._errors.read(TAIL_BYTES):
            self._said = (self._said + said)[-TAIL_BYTES:]


async def _spawn(arguments: Sequence[str]) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise ImageProcessDidNotStart(f"An image process could not be started: {error}") from error


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, **ENVIRONMENT}
