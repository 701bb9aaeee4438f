"""The end of the history, followed for all who listen to every change.

There is one reader and no queue: it keeps the last few hundred changes, ready to be sent, and every
listener remembers how far it has come. One that is too slow for that reads pages of the ledger
instead, so it holds no memory. Nothing is read while nobody listens.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple

import structlog

from imagemill.gateway.waiting.gap_tracker import GapTracker
from imagemill.gateway.waiting.sse import job_event
from imagemill.jobs.changes import MAX_EVENT_ID, Change, Changes, HistoryRow
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.telemetry.metrics import WAITING_CLIENTS

log = structlog.get_logger()

# So many to twice as many, of a kilobyte or two, whoever listens.
KEPT: Final = 250
PAGE: Final = 200
# What a listener takes in hand at once.
HANDFUL: Final = 16
# Sending something to a thousand listeners takes a tenth of a second of CPU time. So they are woken
# so many at a time, and then there is a pause of so many times what that took: uploads come first.
CROWD: Final = 10
PAUSE_SHARE: Final = 3
# Lets the news of a burst come together. While a transaction is under way that took an id, which is
# a matter of milliseconds, the history is read again after longer and longer pauses.
GATHERING_SECONDS: Final = 0.005
LONGEST_PAUSE_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 1.0
START_SECONDS: Final = 10.0


class EncodedEvent(NamedTuple):
    """A change as it is sent, and whose job it is."""

    id: int
    owner: KeyId | None
    event: bytes

    @classmethod
    def of(cls, change: Change) -> "EncodedEvent":
        return cls(change.id, change.owner, job_event(change))


class Now(NamedTuple):
    """Where a listener begins: behind `position` everything is new. `newest` has been given out."""

    position: int
    newest: int


@dataclass(slots=True)
class EventFeed:
    """Everything up to `position` has been read; what of it was kept begins behind `kept_after`."""

    changes: Changes
    position: int | None = None
    listeners: int = 0
    is_leaving: bool = False
    _kept: list[EncodedEvent] = field(default_factory=list)
    _kept_after: int = 0
    _settling: GapTracker = field(default_factory=GapTracker)
    _something_to_read: asyncio.Event = field(default_factory=asyncio.Event)
    # Who comes draws a ticket, and is let in by the first look that began afterwards.
    _tickets: int = 0
    _let_in: int = 0
    _newest: int = 0
    _looked: asyncio.Event = field(default_factory=asyncio.Event)
    _sleepers: dict[asyncio.Future[None], None] = field(default_factory=dict)  # longest first
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Now]:
        """Follow the history while the block runs. Raises DatabaseUnavailable."""
        self.listeners += 1
        WAITING_CLIENTS.inc()
        try:
            yield await self._start()
        finally:
            WAITING_CLIENTS.dec()
            self.listeners -= 1
            if not self.listeners:
                self._forget()

    async def after(self, last: int, owner: KeyId | None) -> AsyncGenerator[list[EncodedEvent]]:
        """Yield every change behind this id, in order, until the gateway is being stopped.

        Those that are there already come together, to be sent at once.
        """
        while not self.is_leaving:
            position = self.position
            if position is None or position <= last:
                # Below: PostgreSQL lost its last commits, and counts anew from a lower id.
                last = last if position is None else min(last, position)
                await self._sleep()
            elif last < self._kept_after:
                rows = await self.changes.read_page(last, position, PAGE, owner)
                last = rows[-1].id if len(rows) == PAGE else position
                if missed := [
                    EncodedEvent.of(row.change) for row in rows if row.change is not None
                ]:
                    yield missed
            else:
                begin = bisect_right(self._kept, last, key=attrgetter("id"))
                notifications = self._kept[begin : begin + HANDFUL]
                last = notifications[-1].id if len(notifications) == HANDFUL else position
                if owner is not None:
                    notifications = [told for told in notifications if told.owner == owner]
                if notifications:
                    yield notifications

    def look(self) -> None:
        """Read what is new, if anybody listens."""
        if self.listeners:
            self._something_to_read.set()

    def leave(self) -> None:
        """Send all listeners away."""
        self.is_leaving = True
        self._rouse(len(self._sleepers))

    async def run(self) -> None:
        """Read what is new, and wake who listens, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_for_ever())
            group.create_task(self._rouse_for_ever())

    async def _read_for_ever(self) -> None:
        pause = GATHERING_SECONDS
        while True:
            await self._something_to_read.wait()
            self._something_to_read.clear()
            try:
                is_settled = await self.advance()
            except DatabaseUnavailable as error:
                log.warning("postgres.unavailable", reason=str(error))
                is_settled, pause = False, RETRY_SECONDS
            if is_settled:
                pause = GATHERING_SECONDS
            else:
                self.look()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _rouse_for_ever(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            count = len(self._sleepers)  # who falls asleep meanwhile knows already
            for _ in range(0, count, CROWD):
                began = time.monotonic()
                self._rouse(CROWD)
                await asyncio.sleep(0)  # they send
                await asyncio.sleep(PAUSE_SHARE * (time.monotonic() - began))

    def _rouse(self, count: int) -> None:
        for sleeper in list(islice(self._sleepers, count)):
            del self._sleepers[sleeper]
            if not sleeper.done():
                sleeper.set_result(None)

    async def _sleep(self) -> None:
        """Return when there is something new."""
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers[sleeper] = None
        try:
            await sleeper
        finally:
            self._sleepers.pop(sleeper, None)

    async def advance(self) -> bool:
        """Read on, as far as nothing can come in between any more.

        Return whether that is as far as there is anything. Raises DatabaseUnavailable.
        """
        tickets = self._tickets
        standing = await self.changes.sequence_state()
        self._settling.note(standing)
        if not self.listeners:
            return True
        if self.position is None or standing.newest < self.position:
            self._begin_at(self._settling.settled)
        else:
            while await self._read(self.position):
                pass
        is_settled = self.position is not None and self.position >= standing.newest
        if is_settled:
            self._let_in, self._newest = tickets, standing.newest
            self._looked.set()
            self._looked = asyncio.Event()
        return is_settled

    async def _read(self, position: int) -> bool:
        """Read a page; return whether there may be another one to read at once."""
        rows = await self.changes.read_page(position, MAX_EVENT_ID, PAGE)
        if self.position != position:  # the last listener has left meanwhile
            return False
        complete = list(self._settling.complete(position, rows))
        self._keep(complete)
        if complete:
            self.position = complete[-1].id
        if len(complete) == len(rows) < PAGE:
            # What is missing behind the last row will not come either.
            self.position = max(self.position, self._settling.settled or 0)
        if self.position != position:
            self._moved.set()
        return len(complete) == PAGE

    def _keep(self, rows: list[HistoryRow]) -> None:
        self._kept.extend(EncodedEvent.of(row.change) for row in rows if row.change is not None)
        if len(self._kept) > 2 * KEPT:
            self._kept_after = self._kept[-KEPT - 1].id
            del self._kept[:-KEPT]

    async def _start(self) -> Now:
        """Wait until everything that has happened so far is read, and return how far that is."""
        self._tickets += 1
        ticket = self._tickets
        try:
            async with asyncio.timeout(START_SECONDS):
                while self._let_in < ticket or self.position is None:
                    looked = self._looked
                    self.look()
                    await looked.wait()
        except TimeoutError as error:
            raise DatabaseUnavailable(
                "PostgreSQL does not get done with what it writes."
            ) from error
        return Now(self.position, self._newest)

    def _begin_at(self, position: int | None) -> None:
        self.position, self._kept_after = position, position or 0
        self._kept.clear()
        self._moved.set()

    def _forget(self) -> None:
        self.position = None
        self._kept.clear()
        self._settling = GapTracker()
