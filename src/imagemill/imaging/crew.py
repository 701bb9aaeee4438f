"""A crew of child processes, warmed before they are needed, lent one at a time and replaced."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from imagemill.errors import Unavailable
from imagemill.imaging import cpu_time
from imagemill.imaging.confine.level import Level
from imagemill.imaging.confine.terms import Terms
from imagemill.imaging.exits import Exit, exit_of
from imagemill.imaging.process import Child

FIRST_PAUSE: Final = timedelta(seconds=0.1)
LONGEST_PAUSE: Final = timedelta(seconds=30)


@dataclass(slots=True)
class Seat:
    """A place for one child. `failures` counts starts that failed since one succeeded."""

    child: Child | None = None
    jobs: int = 0
    failures: int = 0


class Crew:
    """So many children of one program on the same terms, each for so many jobs."""

    def __init__(
        self,
        program: Sequence[str],
        terms: Terms,
        workplace: Path,
        jobs_per_child: int,
        on_exit: Callable[[Exit], None] = lambda _: None,
    ) -> None:
        self._program = program
        self._terms = terms
        self._workplace = workplace
        self._jobs_per_child = jobs_per_child
        self._on_exit = on_exit
        self._seats: list[Seat] = []
        self._free: asyncio.Queue[Seat] = asyncio.Queue()
        self._replacing: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def start(self, children: int) -> None:
        """Start all children at once. Raises Unavailable when one of them cannot be started."""
        self._seats = [Seat() for _ in range(children)]
        starts = await asyncio.gather(
            *(self._fill(seat) for seat in self._seats), return_exceptions=True
        )
        for failure in starts:
            if isinstance(failure, BaseException):
                raise failure
        for seat in self._seats:
            self._free.put_nowait(seat)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Child]:
        """Wait for a free child. Whoever ends it, or lets it fail, leaves the seat to another.

        Raises Unavailable when the last one could not be replaced.
        """
        seat = await self._free.get()
        cause = Exit.DIED
        try:
            child = await self._seated(seat)
            seat.jobs += 1
            yield child
        except BaseException as error:
            cause = exit_of(error)
            raise
        finally:
            if seat.child and self._can_go_on(seat, seat.child):
                self._free.put_nowait(seat)
            elif not self._is_stopping:
                if seat.child:
                    self._on_exit(Exit.RETIRED if seat.child.is_alive else cause)
                self._replace(seat)

    async def stop(self) -> None:
        """Kill every child, and return when they are gone."""
        self._is_stopping = True
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(seat.child.end() for seat in self._seats if seat.child))

    @property
    def level(self) -> Level:
        """How far the children are confined; they have been started."""
        return next(seat.child.level for seat in self._seats if seat.child)

    def _can_go_on(self, seat: Seat, child: Child) -> bool:
        return (
            child.is_alive and seat.jobs < self._jobs_per_child and not cpu_time.is_worn(child.pid)
        )

    async def _seated(self, seat: Seat) -> Child:
        if seat.child and seat.child.is_alive:
            return seat.child
        if seat.child:
            self._on_exit(Exit.DIED)
        return await self._fill(seat)

    async def _fill(self, seat: Seat) -> Child:
        """Put a new child in the seat; after failures, not before a growing pause is over."""
        if seat.child:
            await seat.child.end()
            seat.child = None
        if seat.failures:
            await asyncio.sleep(_pause(seat.failures).total_seconds())
        try:
            seat.child = await Child.start(self._program, self._terms, self._workplace)
        except Unavailable:
            seat.failures += 1
            raise
        seat.failures = seat.jobs = 0
        return seat.child

    def _replace(self, seat: Seat) -> None:
        task = asyncio.create_task(self._refill(seat))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _refill(self, seat: Seat) -> None:
        # Whoever takes the empty seat tries again and learns why it failed.
        with suppress(Unavailable):
            await self._fill(seat)
        self._free.put_nowait(seat)


def _pause(failures: int) -> timedelta:
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
