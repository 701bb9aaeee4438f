"""Pool of image processes: started in advance, each acquired by one job at a time, and replaced."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from imagemill.errors import Unavailable
from imagemill.imaging.sandbox import cpu_time
from imagemill.imaging.sandbox.arguments import Arguments
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.exit_reason import ExitReason, reason_for
from imagemill.imaging.sandbox.image_process import ImageProcess

# Delays before a process is started again after failed starts; they double.
MIN_RESTART_DELAY: Final = timedelta(seconds=0.1)
MAX_RESTART_DELAY: Final = timedelta(seconds=30)


@dataclass(slots=True)
class Slot:
    """A slot for one image process.

    `jobs` counts those of its process, `failed_starts` those since the last successful start.
    """

    process: ImageProcess | None = None
    jobs: int = 0
    failed_starts: int = 0


class ProcessPool:
    """A fixed number of image processes, each replaced after `jobs_per_process` jobs."""

    def __init__(
        self,
        program: Sequence[str],
        arguments: Arguments,
        scratch_dir: Path,
        jobs_per_process: int,
        on_exit: Callable[[ExitReason], None] = lambda _: None,
    ) -> None:
        self._program = program
        self._arguments = arguments
        self._scratch_dir = scratch_dir
        self._jobs_per_process = jobs_per_process
        self._on_exit = on_exit
        self._slots: list[Slot] = []
        self._free: asyncio.Queue[Slot] = asyncio.Queue()
        self._replacing: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def start(self, processes: int) -> None:
        """Start all processes at once. Raises Unavailable when one of them cannot be started."""
        self._slots = [Slot() for _ in range(processes)]
        starts = await asyncio.gather(
            *(self._start_process(slot) for slot in self._slots), return_exceptions=True
        )
        for failure in starts:
            if isinstance(failure, BaseException):
                raise failure
        for slot in self._slots:
            self._free.put_nowait(slot)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[ImageProcess]:
        """Wait for a free slot and yield its process, which is replaced if it dies meanwhile.

        Raises Unavailable when no process could be started for the slot.
        """
        slot = await self._free.get()
        reason = ExitReason.EXITED_WHILE_IDLE
        try:
            process = await self._live_process(slot)
            slot.jobs += 1
            yield process
        except BaseException as error:
            reason = reason_for(error)
            raise
        finally:
            if slot.process and self._is_reusable(slot, slot.process):
                self._free.put_nowait(slot)
            elif not self._is_stopping:
                if slot.process:
                    self._on_exit(ExitReason.RETIRED if slot.process.is_alive else reason)
                self._replace_in_background(slot)

    async def stop(self) -> None:
        """Kill every process, and return when they are gone."""
        self._is_stopping = True
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(slot.process.kill() for slot in self._slots if slot.process))

    @property
    def level(self) -> ConfinementLevel:
        """How far the processes are confined; the pool must have been started."""
        return next(slot.process.level for slot in self._slots if slot.process)

    def _is_reusable(self, slot: Slot, process: ImageProcess) -> bool:
        return (
            process.is_alive
            and slot.jobs < self._jobs_per_process
            and not cpu_time.has_used_half(process.pid)
        )

    async def _live_process(self, slot: Slot) -> ImageProcess:
        if slot.process and slot.process.is_alive:
            return slot.process
        if slot.process:
            self._on_exit(ExitReason.EXITED_WHILE_IDLE)
        return await self._start_process(slot)

    async def _start_process(self, slot: Slot) -> ImageProcess:
        """Start a new process in the slot; after failed starts, only after a delay."""
        if slot.process:
            await slot.process.kill()
            slot.process = None
        if slot.failed_starts:
            await asyncio.sleep(_restart_delay(slot.failed_starts).total_seconds())
        try:
            slot.process = await ImageProcess.start(
                self._program, self._arguments, self._scratch_dir
            )
        except Unavailable:
            slot.failed_starts += 1
            raise
        slot.failed_starts = slot.jobs = 0
        return slot.process

    def _replace_in_background(self, slot: Slot) -> None:
        task = asyncio.create_task(self._replace(slot))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _replace(self, slot: Slot) -> None:
        # The next job that acquires the empty slot tries again, and gets the error.
        with suppress(Unavailable):
            await self._start_process(slot)
        self._free.put_nowait(slot)


def _restart_delay(failed_starts: int) -> timedelta:
    return min(MAX_RESTART_DELAY, MIN_RESTART_DELAY * 2.0 ** min(failed_starts - 1, 10))
