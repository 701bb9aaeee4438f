"""Where all who wait for jobs meet: one reader for them all.

Whoever waits for a job registers it here and sleeps. When there is news of the job, and by a timer
because news may be lost, the hub reads all such jobs in one statement and wakes whom it concerns.
So a client that waits costs no thread, no connection to PostgreSQL and no task that polls.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from imagemill.errors import Unavailable
from imagemill.gateway.waiting.event_feed import EventFeed
from imagemill.gateway.waiting.job_subscription import JobSubscription
from imagemill.jobs.changes import MAX_CHANGES_PER_JOB, Change, Changes
from imagemill.jobs.job import JobId, JobNotFound, KeyId
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.redis.notifications import JobNotifications
from imagemill.telemetry.metrics import WAITING_CLIENTS

log = structlog.get_logger()

# Each holds some fifty kilobytes and a socket; ten thousand are half a gigabyte.
MOST_WAITING: Final = 10_000
# How often the ledger is asked without any news: rarely, as a safeguard; or while Redis is away.
POLL_SECONDS: Final = 5.0
POLL_WITHOUT_NEWS_SECONDS: Final = 1.0
JITTER: Final = (0.8, 1.2)
# Jobs read by one statement.
LARGEST_BATCH: Final = 500
# Lets the news of a burst come together; well below what anybody notices.
GATHERING_SECONDS: Final = 0.005
RETRY_SECONDS: Final = 1.0
# A crowd that comes back at once, as after a restart, is let in by so many at a time.
TURNS: Final = 3
PATIENCE_SECONDS: Final = 15.0


class TooManyWaiting(Unavailable):
    """The gateway holds as many waiting clients as it can."""


class Leaving(Exception):
    """The client has gone, or is to be sent away since the gateway is being stopped."""


@dataclass(slots=True)
class WaiterRegistry:
    """Registers who waits for what. `is_leaving` once the gateway is being stopped."""

    changes: Changes
    notifications: JobNotifications
    tail: EventFeed
    is_leaving: bool = False
    _watching: int = 0
    _watches: dict[JobId, set[JobSubscription]] = field(default_factory=dict)
    _doubtful: set[JobId] = field(default_factory=set)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TURNS))
    _something_to_read: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, changes: Changes, notifications: JobNotifications
    ) -> AsyncIterator["WaiterRegistry"]:
        """Serve those who wait while the block runs."""
        waiters = cls(changes, notifications, EventFeed(changes))
        serving = asyncio.create_task(waiters._run())
        try:
            yield waiters
        finally:
            waiters.leave()
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    @property
    def waiting(self) -> int:
        """How many clients wait."""
        return self._watching + self.tail.listeners

    @property
    def is_full(self) -> bool:
        return self.waiting >= MOST_WAITING

    def require_room(self) -> None:
        """Raise TooManyWaiting when no further client may wait here."""
        if self.is_full:
            raise TooManyWaiting(f"{MOST_WAITING} clients wait here already.")

    @contextmanager
    def watching(self, job_id: JobId, after: int | None = None) -> Iterator[JobSubscription]:
        """Watch a job while the block runs, from the change `after` on.

        Without it nothing is told until `begin` says from where on; register first, then read, so
        that nothing is missed in between.
        """
        watch = JobSubscription(job_id, after, is_left=self.is_leaving)
        self._watches.setdefault(job_id, set()).add(watch)
        self._watching += 1
        WAITING_CLIENTS.inc()
        if after is not None:
            self._doubt([job_id])
        try:
            yield watch
        finally:
            self._watching -= 1
            WAITING_CLIENTS.dec()
            self._watches[job_id].discard(watch)
            if not self._watches[job_id]:
                del self._watches[job_id]

    async def read(
        self, job_id: JobId, owner: KeyId | None, after: int | None
    ) -> tuple[Change, ...]:
        """Return what Changes.of does; few at a time, to leave connections for uploads.

        Raises JobNotFound, DatabaseUnavailable.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable(
                "PostgreSQL does not get done with what it is asked."
            ) from error
        try:
            return await self.changes.read_job(job_id, owner, after)
        finally:
            self._turns.release()

    def begin(self, watch: JobSubscription, after: int) -> None:
        """Tell this watch what comes behind the change `after`."""
        watch.after = after
        self._doubt([watch.job_id])

    async def next(self, watch: JobSubscription) -> tuple[Change, ...]:
        """Wait for the job's next changes. Raises Leaving, and JobNotFound once it is deleted."""
        if watch.is_stale:
            watch.is_stale = False
            self._doubt([watch.job_id])
        while not watch.changes:
            if watch.is_gone:
                raise JobNotFound(f"Job {watch.job_id} was deleted.")
            if watch.is_left:
                raise Leaving
            watch.woken.clear()
            await watch.woken.wait()
        return watch.take()

    def leave(self) -> None:
        """Send everybody away, those who come from now on as well."""
        self.is_leaving = True
        for watches in self._watches.values():
            for watch in watches:
                watch.leave()
        self.tail.leave()

    def _doubt(self, job_ids: Iterable[JobId]) -> None:
        """Have these jobs read."""
        self._doubtful.update(job_ids)
        self._something_to_read.set()

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._listen())
                    group.create_task(self._poll())
                    group.create_task(self._read_for_ever())
                    group.create_task(self.tail.run())
            except* Exception:
                log.exception("hub.bug")  # nobody is to wait for ever because of it
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        async with aclosing(self.notifications.subscribe()) as heard:
            async for ids in heard:
                # No ids: the connection was lost, or made, and anything may have been missed.
                self._doubt(ids & self._watches.keys() if ids else self._watches)
                self.tail.look()

    async def _poll(self) -> None:
        while True:
            seconds = (
                POLL_SECONDS if self.notifications.is_subscribed else POLL_WITHOUT_NEWS_SECONDS
            )
            await asyncio.sleep(seconds * random.uniform(*JITTER))  # noqa: S311 - no secret
            self._doubt(self._watches)
            self.tail.look()

    async def _read_for_ever(self) -> None:
        while True:
            await self._something_to_read.wait()
            self._something_to_read.clear()
            doubtful, self._doubtful = list(self._doubtful), set()
            try:
                for start in range(0, len(doubtful), LARGEST_BATCH):
                    await self._read(doubtful[start : start + LARGEST_BATCH])
            except DatabaseUnavailable as error:
                log.warning("postgres.unavailable", reason=str(error))
                self._doubt(doubtful)
                await asyncio.sleep(RETRY_SECONDS)
            await asyncio.sleep(GATHERING_SECONDS)

    async def _read(self, job_ids: list[JobId]) -> None:
        """Read these jobs in one statement and tell those who watch them."""
        # Those who know the same of a job share one look at it.
        asking: dict[tuple[JobId, int], list[JobSubscription]] = {}
        for job_id in job_ids:
            for watch in self._watches.get(job_id, ()):
                if watch.after is not None and watch.can_be_told:
                    asking.setdefault((job_id, watch.after), []).append(watch)
                else:
                    watch.is_stale = True
        if not asking:
            return
        for key, found in (await self.changes.read_jobs(list(asking))).items():
            for watch in asking[key]:
                # The next statement has what this one had no room for.
                watch.is_stale |= len(found.changes) == MAX_CHANGES_PER_JOB
                watch.tell(found)
