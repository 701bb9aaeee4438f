"""The feed of all changes of all jobs: one reader of `job_events`, any number of listeners.

The reader polls the table and keeps the last few hundred changes, encoded as events, in a buffer.
A listener is only a position (an event id): it takes what follows its position from the buffer, or
reads pages of the table if it has fallen behind the buffer. So a listener has no queue, and a slow
one uses no memory. Nothing is read while there are no listeners.

Events are delivered in the order of their ids, and none is missed. So the reader advances its
position only over rows before which no other row can become visible any more: see gap_tracker.py.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Callable
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

# The buffer holds between BUFFER_SIZE and twice as many events, of one or two kilobytes each.
BUFFER_SIZE: Final = 250
MAX_PREFIXES: Final = 2
PAGE_SIZE: Final = 200
# Events that a listener sends at once.
SEND_BATCH: Final = 16
# Sending an event to a thousand listeners takes a tenth of a second of CPU time. So listeners are
# woken in batches, with a pause of so many times the batch's duration after each: uploads first.
WAKE_BATCH: Final = 10
WAKE_PAUSE_FACTOR: Final = 3
# A pause after each poll, so that a burst of notifications causes one poll. While a gap is open,
# usually for milliseconds, polls are repeated with longer and longer pauses.
MIN_POLL_PAUSE_SECONDS: Final = 0.005
MAX_POLL_PAUSE_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 1.0
START_TIMEOUT_SECONDS: Final = 10.0


class EncodedEvent(NamedTuple):
    """A change, and its bytes as a server-sent event, encoded once for all listeners.

    Listeners behind different proxies get different links: `encoded` is by their prefixes.
    """

    id: int
    change: Change
    encoded: dict[str, bytes]

    @classmethod
    def of(cls, change: Change) -> "EncodedEvent":
        return cls(change.id, change, {})

    def encode(self, root_path: str) -> bytes:
        """Return the event for listeners behind this prefix."""
        event = self.encoded.get(root_path)
        if event is None:
            event = job_event(self.change, root_path)
            if len(self.encoded) < MAX_PREFIXES:  # a client may invent them if its proxy lets it
                self.encoded[root_path] = event
        return event


class StartPosition(NamedTuple):
    """Where a new listener starts: events after `position` are new to it.

    `newest` is the highest id that PostgreSQL has given out.
    """

    position: int
    newest: int


@dataclass(slots=True)
class EventFeed:
    """The reader and its listeners.

    `position` is the id up to which the history was read; None without listeners, and until the
    history is known to be settled up to some id. `on_listen` is called for each new listener.
    """

    changes: Changes
    on_listen: Callable[[], None] = lambda: None
    position: int | None = None
    listeners: int = 0
    is_stopping: bool = False
    # Every event with an id after `_buffer_after`, up to `position`.
    _buffer: list[EncodedEvent] = field(default_factory=list)
    _buffer_after: int = 0
    _gaps: GapTracker = field(default_factory=GapTracker)
    _poll_requested: asyncio.Event = field(default_factory=asyncio.Event)
    # Each new listener takes a ticket. It starts after a poll that began after it took the ticket
    # and that read everything: `_served_tickets` is the last ticket before the last such poll.
    _tickets: int = 0
    _served_tickets: int = 0
    _newest: int = 0
    _caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    _sleepers: dict[asyncio.Future[None], None] = field(default_factory=dict)  # oldest first
    _advanced: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[StartPosition]:
        """Keep the feed running while the block runs. Raises DatabaseUnavailable."""
        self.listeners += 1
        self.on_listen()
        WAITING_CLIENTS.inc()
        try:
            yield await self._wait_for_start()
        finally:
            WAITING_CLIENTS.dec()
            self.listeners -= 1
            if not self.listeners:
                self._stop_reading()

    async def events_after(
        self, last: int, owner: KeyId | None
    ) -> AsyncGenerator[list[EncodedEvent]]:
        """Yield every event after the id `last`, in order, until the gateway stops.

        Only events of the owner's jobs; None: of all jobs. Events that are already available are
        yielded together.
        """
        while not self.is_stopping:
            position = self.position
            if position is None or position <= last:
                # Lower than `last`: PostgreSQL lost its last commits and gives out their ids again.
                last = last if position is None else min(last, position)
                await self._sleep()
            elif last < self._buffer_after:
                rows = await self.changes.read_page(last, position, PAGE_SIZE, owner)
                last = rows[-1].id if len(rows) == PAGE_SIZE else position
                if events := [
                    EncodedEvent.of(row.change) for row in rows if row.change is not None
                ]:
                    yield events
            else:
                start = bisect_right(self._buffer, last, key=attrgetter("id"))
                events = self._buffer[start : start + SEND_BATCH]
                last = events[-1].id if len(events) == SEND_BATCH else position
                if owner is not None:
                    events = [event for event in events if event.change.owner == owner]
                if events:
                    yield events

    def request_poll(self) -> None:
        """Have the reader poll soon, if there are listeners."""
        if self.listeners:
            self._poll_requested.set()

    def stop(self) -> None:
        """End the streams of all listeners."""
        self.is_stopping = True
        self._wake(len(self._sleepers))

    async def run(self) -> None:
        """Poll when requested, and wake listeners when there is something new; never returns."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll_when_requested())
            group.create_task(self._wake_when_advanced())

    async def _poll_when_requested(self) -> None:
        pause = MIN_POLL_PAUSE_SECONDS
        while True:
            await self._poll_requested.wait()
            self._poll_requested.clear()
            try:
                is_caught_up = await self.poll()
            except DatabaseUnavailable as error:
                log.debug("events.not_read", reason=str(error))
                is_caught_up, pause = False, RETRY_SECONDS
            if is_caught_up:
                pause = MIN_POLL_PAUSE_SECONDS
            else:
                self.request_poll()
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_POLL_PAUSE_SECONDS)

    async def _wake_when_advanced(self) -> None:
        while True:
            await self._advanced.wait()
            self._advanced.clear()
            count = len(self._sleepers)  # those who fall asleep later have seen the new position
            for _ in range(0, count, WAKE_BATCH):
                started = time.monotonic()
                self._wake(WAKE_BATCH)
                await asyncio.sleep(0)  # they send
                await asyncio.sleep(WAKE_PAUSE_FACTOR * (time.monotonic() - started))

    def _wake(self, count: int) -> None:
        for sleeper in list(islice(self._sleepers, count)):
            del self._sleepers[sleeper]
            if not sleeper.done():
                sleeper.set_result(None)

    async def _sleep(self) -> None:
        """Wait until the position advances."""
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers[sleeper] = None
        try:
            await sleeper
        finally:
            self._sleepers.pop(sleeper, None)

    async def poll(self) -> bool:
        """Read every row before which no other can become visible any more.

        Return whether that was everything: no id up to the newest is left behind an open gap.
        Raises DatabaseUnavailable.
        """
        tickets = self._tickets
        # Before the rows are read: the tracker relies on that order.
        state = await self.changes.read_sequence_state()
        self._gaps.observe(state)
        if not self.listeners:
            return True
        if self.position is None or state.newest < self.position:
            self._restart_at(self._gaps.settled)
        else:
            while await self._read_page(self.position):
                pass
        is_caught_up = self.position is not None and self.position >= state.newest
        if is_caught_up:
            self._served_tickets, self._newest = tickets, state.newest
            self._caught_up.set()
            self._caught_up = asyncio.Event()
        return is_caught_up

    async def _read_page(self, position: int) -> bool:
        """Read a page into the buffer; return whether there may be another one to read now."""
        rows = await self.changes.read_page(position, MAX_EVENT_ID, PAGE_SIZE)
        if self.position != position:  # the last listener has gone meanwhile
            return False
        contiguous = list(self._gaps.contiguous(position, rows))
        self._append(contiguous)
        if contiguous:
            self.position = contiguous[-1].id
        if len(contiguous) == len(rows) < PAGE_SIZE:
            # A gap after the last row that is settled will stay empty.
            self.position = max(self.position, self._gaps.settled or 0)
        if self.position != position:
            self._advanced.set()
        return len(contiguous) == PAGE_SIZE

    def _append(self, rows: list[HistoryRow]) -> None:
        self._buffer.extend(EncodedEvent.of(row.change) for row in rows if row.change is not None)
        if len(self._buffer) > 2 * BUFFER_SIZE:
            self._buffer_after = self._buffer[-BUFFER_SIZE - 1].id
            del self._buffer[:-BUFFER_SIZE]

    async def _wait_for_start(self) -> StartPosition:
        """Wait until everything up to now has been read, and return the position."""
        self._tickets += 1
        ticket = self._tickets
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                while self._served_tickets < ticket or self.position is None:
                    caught_up = self._caught_up
                    self.request_poll()
                    await caught_up.wait()
        except TimeoutError as error:
            raise DatabaseUnavailable("PostgreSQL is overloaded.") from error
        return StartPosition(self.position, self._newest)

    def _restart_at(self, position: int | None) -> None:
        self.position, self._buffer_after = position, position or 0
        self._buffer.clear()
        self._advanced.set()

    def _stop_reading(self) -> None:
        self.position = None
        self._buffer.clear()
        self._gaps = GapTracker()
