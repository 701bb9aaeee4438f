"""An image process as its parent sees it: started, sent requests, and killed for certain."""

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
from imagemill.imaging.errors import DecoderCrashed, ImageProcessDidNotStart, TimedOut
from imagemill.imaging.sandbox import cpu_time
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.exit_reason import error_for_exit
from imagemill.imaging.sandbox.job_directory import JobDirectory
from imagemill.imaging.sandbox.protocol import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    REPLY,
    Message,
    Ready,
    Reply,
    encode_frame,
)

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
    "VIPS_CONCURRENCY": "1",
    "VIPS_DISC_THRESHOLD": "100g",  # large pictures in memory, never in temporary files
}

START_TIMEOUT: Final = timedelta(seconds=30)
EXIT_TIMEOUT: Final = timedelta(seconds=5)

INVALID_REPLY: Final = "The decoder's reply is invalid."

# How much of the end of standard error is kept, for messages.
STDERR_TAIL_BYTES: Final = 4096


class ImageProcess:
    """A running image process. It serves one request at a time; after any failure it is dead."""

    level: ConfinementLevel  # known once it has started

    def __init__(self, process: Process, job_directory: JobDirectory) -> None:
        self.job_directory = job_directory
        self._process = process
        # None only when no pipes were asked for.
        self._requests = cast("asyncio.StreamWriter", process.stdin)
        self._replies = cast("asyncio.StreamReader", process.stdout)
        self._errors = cast("asyncio.StreamReader", process.stderr)
        self._is_busy = False
        self._stderr = b""
        self._reading_stderr = asyncio.create_task(self._read_stderr())

    @classmethod
    async def start(cls, program: Sequence[str], policy: SandboxPolicy, scratch_dir: Path) -> Self:
        """Start the program with a job directory of its own, and wait until it is ready.

        Raises ImageProcessDidNotStart, ScratchFull.
        """
        job_directory = await run_in_thread(JobDirectory.create, scratch_dir)
        own_policy = policy.with_folders(job_directory.inputs, job_directory.outputs)
        arguments = (*program, str(os.getpid()), own_policy.model_dump_json())
        spawning = asyncio.create_task(_spawn(arguments))
        try:
            process = cls(await asyncio.shield(spawning), job_directory)
        except asyncio.CancelledError:
            # asyncio would lose a process whose creation is canceled.
            with suppress(ImageProcessDidNotStart):
                await cls(await spawning, job_directory).kill()
            raise
        except ImageProcessDidNotStart:
            await run_in_thread(job_directory.remove)
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

    async def send(self, request: Message, time_limit: timedelta) -> Reply:
        """Send a request and return the reply.

        Raises TimedOut when the time limit is exceeded, DecoderCrashed when the reply is invalid,
        and what `error_for_exit` makes of the exit status when the process ends without a reply.
        After any of these, and when canceled, the process and all that it started are dead.
        """
        self._is_busy = True
        try:
            cpu_time.raise_soft_limit(self.pid, cpu_time.seconds_per_job(time_limit))
            async with asyncio.timeout(time_limit.total_seconds()):
                return await self._exchange(request)
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
        """Kill the process group, and return when the process and its job directory are gone."""
        # One that died during a request may have left others of its group. The pid of one that died
        # while idle may by now be another process's.
        if self.is_alive or self._is_busy:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        exiting = asyncio.create_task(self._wait_for_exit())
        try:
            await asyncio.wait(
                {exiting, self._reading_stderr}, timeout=EXIT_TIMEOUT.total_seconds()
            )
        finally:
            exiting.cancel()
            await run_in_thread(self.job_directory.remove)

    async def _wait_until_ready(self) -> ConfinementLevel:
        try:
            async with asyncio.timeout(START_TIMEOUT.total_seconds()):
                reply = await self._read_reply()
        except (asyncio.IncompleteReadError, ConnectionError, DecoderCrashed, TimeoutError):
            reply = None
        if not isinstance(reply, Ready):
            await self.kill()
            raise ImageProcessDidNotStart(
                f"An image process did not become ready: {self._stderr_tail()}"
            )
        return reply.level

    async def _exchange(self, request: Message) -> Reply:
        try:
            self._requests.write(encode_frame(request))
            await self._requests.drain()
            return await self._read_reply()
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            # Pipes close after the exit status is settled, so that this kill does not change it.
            await self.kill()
            raise error_for_exit(self._process.returncode, self._stderr_tail()) from error

    async def _read_reply(self) -> Reply:
        length = int.from_bytes(await self._replies.readexactly(LENGTH_BYTES))
        if length > MAX_FRAME_BYTES:
            raise DecoderCrashed(INVALID_REPLY)
        try:
            return REPLY.validate_json(await self._replies.readexactly(length))
        except ValidationError as error:
            raise DecoderCrashed(INVALID_REPLY) from error

    async def _wait_for_exit(self) -> None:
        """Drain the replies first: asyncio waits for its pipes before it reports an exit."""
        with suppress(RuntimeError, ConnectionError):  # RuntimeError: a request is reading it
            while await self._replies.read(STDERR_TAIL_BYTES):
                pass
        await self._process.wait()

    async def _read_stderr(self) -> None:
        while read := await self._errors.read(STDERR_TAIL_BYTES):
            self._stderr = (self._stderr + read)[-STDERR_TAIL_BYTES:]

    def _stderr_tail(self) -> str:
        return self._stderr.decode(errors="replace").strip()


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
    inherited = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    return {**inherited, **ENVIRONMENT}
