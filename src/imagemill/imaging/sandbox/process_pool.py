"""A crew of child processes, warmed before they are needed, lent one at a time and replaced."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from imagemill.errors import Unavailable
from imagemill.imaging.sandbox import cpu_time
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.exit_reason import ExitReason, exit_of
from imagemill.imaging.sandbox.image_process import ImageProcess

FIRST_PAUSE: Final = timedelta(seconds=0.1)
LONGEST_PAUSE: Final = timedelta(seconds=30)


@dataclass(slots=True)
class Slot:
    """A place for one child. `failures` counts starts that failed since one succeeded."""

    child: ImageProcess | None = None
    jobs: int = 0
    failures: int = 0


class ProcessPool:
    """So many children of one program on the same terms, each for so many jobs."""

    def __init__(
        self,
        program: Sequence[str],
        terms: SandboxPolicy,
        scratch_dir: Path,
        jobs_per_child: int,
        on_exit: Callable[[ExitReason], None] = lambda _: None,
    ) -> None:
        self._program = program
        self._terms = terms
        self._workplace = scratch_dir
        self._jobs_per_child = jobs_per_child
        self._on_exit = on_exit
        self._slots: list[Slot] = []
        self._free: asyncio.Queue[Slot] = asyncio.Queue()
        self._replacing: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def start(self, children: int) -> None:
        """Start all children at once. Raises Unavailable when one of them cannot be started."""
        self._slots = [Slot() for _ in range(children)]
        starts = await asyncio.gather(
            *(self._fill(slot) for slot in self._slots), return_exceptions=True
        )
        for failure in starts:
            if isinstance(failure, BaseException):
                raise failure
        for slot in self._slots:
            self._free.put_nowait(slot)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[ImageProcess]:
        """Wait for a free child. Whoever ends it, or lets it fail, leaves the seat to another.

        Raises Unavailable when the last one could not be replaced.
        """
        slot = await self._free.get()
        cause = ExitReason.DIED
        try:
            child = await self._seated(slot)
            slot.jobs += 1
            yield child
        except BaseException as error:
            cause = exit_of(error)
            raise
        finally:
            if slot.child and self._can_go_on(slot, slot.child):
                self._free.put_nowait(slot)
            elif not self._is_stopping:
                if slot.child:
                    self._on_exit(ExitReason.RETIRED if slot.child.is_alive else cause)
                self._replace(slot)

    async def stop(self) -> None:
        """Kill every child, and return when they are gone."""
        self._is_stopping = True
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(slot.child.end() for slot in self._slots if slot.child))

    @property
    def level(self) -> ConfinementLevel:
        """How far the children are confined; they have been started."""
        return next(slot.child.level for slot in self._slots if slot.child)

    def _can_go_on(self, slot: Slot, child: ImageProcess) -> bool:
        return (
            child.is_alive and slot.jobs < self._jobs_per_child and not cpu_time.is_worn(child.pid)
        )

    async def _seated(self, slot: Slot) -> ImageProcess:
        if slot.child and slot.child.is_alive:
            return slot.child
        if slot.child:
            self._on_exit(ExitReason.DIED)
        return await self._fill(slot)

    async def _fill(self, slot: Slot) -> ImageProcess:
        """Put a new child in the seat; after failures, not before a growing pause is over."""
        if slot.child:
            await slot.child.end()
            slot.child = None
        if slot.failures:
            await asyncio.sleep(_pause(slot.failures).total_seconds())
        try:
            slot.child = await ImageProcess.start(self._program, self._terms, self._workplace)
        except Unavailable:
            slot.failures += 1
            raise
        slot.failures = slot.jobs = 0
        return slot.child

    def _replace(self, slot: Slot) -> None:
        task = asyncio.create_task(self._refill(slot))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _refill(self, slot: Slot) -> None:
        # Whoever takes the empty seat tries again and learns why it failed.
        with suppress(Unavailable):
            await self._fill(slot)
        self._free.put_nowait(slot)


def _pause(failures: int) -> timedelta:
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
