"""The registry of clients that wait for jobs, with one reader of PostgreSQL for all of them.

A client that waits for a job subscribes to it and sleeps. A notification from Redis marks the job
dirty; a timer does so for every job, since notifications may be lost. The reader reads the changes
of all dirty jobs in one statement and delivers them to their subscriptions. So a waiting client
costs no thread, no connection to PostgreSQL and no task that polls.
"""

import asyncio
import random
import time
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

# Each holds some fifty kilobytes and a socket; ten thousand hold half a gigabyte.
MAX_WAITERS: Final = 10_000
# How often every job is read without a notification: as a safeguard, and while Redis is down.
POLL_SECONDS: Final = 5.0
POLL_SECONDS_WITHOUT_REDIS: Final = 1.0
JITTER: Final = (0.8, 1.2)
MAX_JOBS_PER_STATEMENT: Final = 500
# Collects a burst of notifications into one statement; far below what anybody notices.
BURST_SECONDS: Final = 0.005
RETRY_SECONDS: Final = 1.0
# After the last client, notifications are followed for so long: others may wait soon.
IDLE_SECONDS: Final = 10.0
# Clients that reconnect all at once, as after a restart, leave connections to uploads.
MAX_CONCURRENT_READS: Final = 3
READ_TIMEOUT_SECONDS: Final = 15.0


class TooManyWaiting(Unavailable):
    """The gateway holds as many waiting clients as it can."""


class WaitEnded(Exception):
    """The client has disconnected, or the gateway stops."""


@dataclass(slots=True)
class WaiterRegistry:
    """The subscriptions of this gateway, and its feed of all changes."""

    changes: Changes
    notifications: JobNotifications
    event_feed: EventFeed
    is_stopping: bool = False
    _subscription_count: int = 0
    _subscriptions: dict[JobId, set[JobSubscription]] = field(default_factory=dict)
    _dirty: set[JobId] = field(default_factory=set)
    _has_dirty: asyncio.Event = field(default_factory=asyncio.Event)
    _has_waiters: asyncio.Event = field(default_factory=asyncio.Event)
    _last_wait: float = 0.0
    _read_slots: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_READS)
    )

    @classmethod
    @asynccontextmanager
    async def open(
        cls, changes: Changes, notifications: JobNotifications
    ) -> AsyncIterator["WaiterRegistry"]:
        """Serve subscriptions while the block runs."""
        waiters = cls(changes, notifications, EventFeed(changes))
        waiters.event_feed.on_listen = waiters._note_waiter
        running = asyncio.create_task(waiters._run())
        try:
            yield waiters
        finally:
            waiters.stop()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    @property
    def waiter_count(self) -> int:
        return self._subscription_count + self.event_feed.listeners

    @property
    def is_full(self) -> bool:
        return self.waiter_count >= MAX_WAITERS

    def require_room(self) -> None:
        """Raise TooManyWaiting if no further client may wait."""
        if self.is_full:
            raise TooManyWaiting(f"{MAX_WAITERS} clients are waiting.")

    @contextmanager
    def subscribe(self, job_id: JobId, after: int | None = None) -> Iterator[JobSubscription]:
        """Subscribe to a job while the block runs, to its changes after the id `after`.

        Without `after` nothing is delivered until `start` sets it. To miss no change: subscribe,
        read the job, then start after the last change that was read.
        """
        subscription = JobSubscription(job_id, after, is_canceled=self.is_stopping)
        self._subscriptions.setdefault(job_id, set()).add(subscription)
        self._subscription_count += 1
        self._note_waiter()
        WAITING_CLIENTS.inc()
        if after is not None:
            self._mark_dirty([job_id])
        try:
            yield subscription
        finally:
            self._subscription_count -= 1
            WAITING_CLIENTS.dec()
            self._subscriptions[job_id].discard(subscription)
            if not self._subscriptions[job_id]:
                del self._subscriptions[job_id]

    def start(self, subscription: JobSubscription, after: int) -> None:
        """Deliver the changes after the id `after` to the subscription."""
        subscription.after = after
        self._mark_dirty([subscription.job_id])

    async def read_changes(
        self, job_id: JobId, owner: KeyId | None, after: int | None
    ) -> tuple[Change, ...]:
        """Return what Changes.read_job returns, with a limit on concurrent statements.

        Raises JobNotFound, DatabaseUnavailable.
        """
        try:
            async with asyncio.timeout(READ_TIMEOUT_SECONDS):
                await self._read_slots.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("PostgreSQL is overloaded.") from error
        try:
            return await self.changes.read_job(job_id, owner, after)
        finally:
            self._read_slots.release()

    async def next_changes(self, subscription: JobSubscription) -> tuple[Change, ...]:
        """Wait for the job's next changes. Raises WaitEnded, and JobNotFound for a deleted job."""
        if subscription.is_stale:
            subscription.is_stale = False
            self._mark_dirty([subscription.job_id])
        while not subscription.changes:
            if subscription.is_deleted:
                raise JobNotFound(f"Job {subscription.job_id} was deleted.")
            if subscription.is_canceled:
                raise WaitEnded
            subscription.updated.clear()
            await subscription.updated.wait()
        return subscription.take_changes()

    def stop(self) -> None:
        """End all waits and streams, and those that begin from now on."""
        self.is_stopping = True
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.cancel()
        self.event_feed.stop()

    def _mark_dirty(self, job_ids: Iterable[JobId]) -> None:
        """Have the changes of these jobs read."""
        self._dirty.update(job_ids)
        self._has_dirty.set()

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._follow_notifications())
                    group.create_task(self._poll_periodically())
                    group.create_task(self._read_dirty_jobs())
                    group.create_task(self.event_feed.run())
            except* Exception:
                log.exception("waiters.failed")  # a bug; without a restart all would wait forever
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow_notifications(self) -> None:
        """Follow them while clients wait, and a little longer; read none while nobody does."""
        while True:
            await self._has_waiters.wait()
            async with aclosing(self.notifications.subscribe()) as notifications:
                async for ids in notifications:
                    # No ids: the connection was lost or made, and any notification may be missing.
                    self._mark_dirty(
                        ids & self._subscriptions.keys() if ids else self._subscriptions
                    )
                    self.event_feed.request_poll()
                    if self._has_idled():
                        break

    def _note_waiter(self) -> None:
        self._last_wait = time.monotonic()
        self._has_waiters.set()

    def _has_idled(self) -> bool:
        """Return whether nobody has waited for a while."""
        if self.waiter_count:
            self._last_wait = time.monotonic()
        elif time.monotonic() - self._last_wait > IDLE_SECONDS:
            self._has_waiters.clear()
        return not self._has_waiters.is_set()

    async def _poll_periodically(self) -> None:
        while True:
            seconds = (
                POLL_SECONDS if self.notifications.is_subscribed else POLL_SECONDS_WITHOUT_REDIS
            )
            await asyncio.sleep(seconds * random.uniform(*JITTER))  # noqa: S311 - no secret
            self._mark_dirty(self._subscriptions)
            self.event_feed.request_poll()

    async def _read_dirty_jobs(self) -> None:
        while True:
            await self._has_dirty.wait()
            self._has_dirty.clear()
            dirty, self._dirty = list(self._dirty), set()
            try:
                for start in range(0, len(dirty), MAX_JOBS_PER_STATEMENT):
                    await self._deliver_changes(dirty[start : start + MAX_JOBS_PER_STATEMENT])
            except DatabaseUnavailable as error:
                log.debug("changes.not_read", reason=str(error))
                self._mark_dirty(dirty)
                await asyncio.sleep(RETRY_SECONDS)
            await asyncio.sleep(BURST_SECONDS)

    async def _deliver_changes(self, job_ids: list[JobId]) -> None:
        """Read the changes of these jobs in one statement and deliver them."""
        # Subscriptions to the same job at the same position share one row of the statement.
        receivers: dict[tuple[JobId, int], list[JobSubscription]] = {}
        for job_id in job_ids:
            for subscription in self._subscriptions.get(job_id, ()):
                if subscription.after is not None and subscription.can_receive:
                    receivers.setdefault((job_id, subscription.after), []).append(subscription)
                else:
                    subscription.is_stale = True
        if not receivers:
            return
        for key, found in (await self.changes.read_jobs(list(receivers))).items():
            for subscription in receivers[key]:
                # A full batch: there may be more changes, for the next statement.
                subscription.is_stale |= len(found.changes) == MAX_CHANGES_PER_JOB
                subscription.receive(found)
