"""The news that jobs have changed, from whoever changed them to whoever waits for them.

Ids go through one channel of Redis. Like the line this is only a doorbell: what is not published,
or not heard, costs those who wait a poll of the ledger and nothing else. So publishing never blocks
and never fails, and whoever listens is told when it is_subscribed nothing.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from imagemill.jobs.job import JobId
from imagemill.redis.breaker import Breaker
from imagemill.redis.client import client, reason
from imagemill.settings.addresses import RedisAddress

log = structlog.get_logger()

CHANNEL: Final = "imagemill:notifications"
PUBLISH_TIMEOUT_SECONDS: Final = 0.1
# 37 bytes each: a message stays well below what Redis lets a slow listener fall behind.
LARGEST_BATCH: Final = 1000
# After this long without a word the connection is tested, after twice as long it counts as dead.
SILENCE_SECONDS: Final = 2.0
RECONNECT_SECONDS: Final = 0.5

NOTHING: Final[frozenset[JobId]] = frozenset()


@dataclass(slots=True)
class JobNotifications:
    """One process's end of the channel.

    `is_subscribed` says whether the connection of `subscribe` works.
    """

    publishing: Redis
    subscribing: Redis
    is_subscribed: bool = False
    failures: int = 0
    breaker: Breaker = field(default_factory=lambda: Breaker(threshold=3, cooldown=2.0))
    _unpublished: set[JobId] = field(default_factory=set)
    _has_unpublished: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def open(cls, address: RedisAddress) -> AsyncIterator["JobNotifications"]:
        """Publish in the background what is told while the block runs, and the rest at its end."""
        publishing = client(address, PUBLISH_TIMEOUT_SECONDS)
        subscribing = client(address, SILENCE_SECONDS)
        async with publishing, subscribing:
            notifications = cls(publishing, subscribing)
            publisher = asyncio.create_task(notifications._publish_for_ever())
            try:
                yield notifications
            finally:
                publisher.cancel()
                with suppress(asyncio.CancelledError):
                    await publisher
                await notifications._publish()

    def publish(self, ids: Iterable[JobId]) -> None:
        """Note that these jobs have changed; they are published together with what comes next."""
        self._unpublished.update(ids)
        self._has_unpublished.set()

    async def subscribe(self) -> AsyncGenerator[frozenset[JobId]]:
        """Yield the ids of changed jobs for ever.

        No ids at all mean that `is_subscribed` has changed, and that news may have been missed.
        """
        while True:
            _let_cancel()
            try:
                async with self.subscribing.pubsub() as pubsub, aclosing(_messages(pubsub)) as told:
                    async for ids in told:
                        self._note_subscribed()
                        yield ids
            except (RedisError, OSError, TimeoutError) as error:
                _let_cancel()
                if self.is_subscribed:
                    self.is_subscribed = False
                    log.warning(
                        "notifications.subscription_lost", reason=reason(error), instead="polling"
                    )
                    yield NOTHING
                await asyncio.sleep(RECONNECT_SECONDS)

    def _note_subscribed(self) -> None:
        if not self.is_subscribed:
            self.is_subscribed = True
            log.info("notifications.subscribed")

    async def _publish_for_ever(self) -> None:
        while True:
            _let_cancel()
            await self._has_unpublished.wait()
            await self._publish()

    async def _publish(self) -> None:
        """Publish all that was told; what comes meanwhile makes the next batch."""
        self._has_unpublished.clear()
        ids, self._unpublished = list(self._unpublished), set()
        for start in range(0, len(ids), LARGEST_BATCH):
            batch, now = ids[start : start + LARGEST_BATCH], time.monotonic()
            if not self.breaker.allows(now):
                self.failures += 1
                continue
            try:
                await self.publishing.publish(CHANNEL, " ".join(map(str, batch)))
            except (RedisError, OSError) as error:
                self.failures += 1
                self.breaker.failed(now)
                log.warning("notifications.publish_failed", jobs=len(batch), reason=reason(error))
            else:
                self.breaker.succeeded()


async def _messages(pubsub: PubSub) -> AsyncGenerator[frozenset[JobId]]:
    """Yield what is published, and nothing once at the start. Raises when the server is silent."""
    await pubsub.subscribe(CHANNEL)
    tested = False
    while True:
        _let_cancel()
        message = await pubsub.get_message(timeout=SILENCE_SECONDS)
        if message is not None:
            tested = False
            if message["type"] == "subscribe":
                yield NOTHING
            elif message["type"] == "message":
                yield frozenset(_ids(message["data"]))
        elif tested:
            raise TimeoutError("Redis is silent")
        else:
            await pubsub.ping()
            tested = True


def _let_cancel() -> None:
    """Raise CancelledError once this task is being canceled.

    redis-py swallows a cancellation that meets it while it connects. Without this, a process that
    is told to stop just then would never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _ids(data: bytes) -> Iterable[JobId]:
    """Return the ids of a message; anybody can publish."""
    for word in data.split():
        with suppress(ValueError):
            yield JobId(UUID(word.decode(errors="replace")))
