"""Notifications of changed jobs, published to all processes over Redis Pub/Sub.

The messages on the one channel are lists of job ids. Delivery is not guaranteed: a notification
that is lost delays its subscribers until they next poll PostgreSQL. So publishing never blocks and
never fails, and a subscriber learns when it has lost its subscription.
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
from imagemill.outages import REDIS
from imagemill.redis.circuit_breaker import CircuitBreaker
from imagemill.redis.client import create_client, describe_error, is_refusal
from imagemill.settings.addresses import RedisAddress

log = structlog.get_logger()

CHANNEL: Final = "imagemill:notifications"
PUBLISH_TIMEOUT_SECONDS: Final = 0.1
# 37 bytes an id: a message stays well below Redis' limit for the output buffer of a subscriber.
MAX_IDS_PER_MESSAGE: Final = 1000
# After this long without a message the connection is tested by a PING; without an answer for as
# long again it counts as lost.
IDLE_TIMEOUT_SECONDS: Final = 2.0
RECONNECT_DELAY_SECONDS: Final = 0.5
# A message is sent at once, and the next one no sooner than this: ids that come meanwhile share it.
MIN_INTERVAL_SECONDS: Final = 0.02

NO_IDS: Final[frozenset[JobId]] = frozenset()


@dataclass(slots=True)
class JobNotifications:
    """Publishes and subscribes to notifications of one process.

    `is_subscribed` is whether the connection of `subscribe` works; `failures` counts the messages
    that could not be published.
    """

    publish_client: Redis
    subscribe_client: Redis
    is_subscribed: bool = False
    failures: int = 0
    breaker: CircuitBreaker = field(
        default_factory=lambda: CircuitBreaker(threshold=3, cooldown=2.0)
    )
    _pending: set[JobId] = field(default_factory=set)
    _has_pending: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def open(cls, address: RedisAddress) -> AsyncIterator["JobNotifications"]:
        """Publish in the background until the block ends; what is left is published then."""
        publish_client = create_client(address, PUBLISH_TIMEOUT_SECONDS)
        subscribe_client = create_client(address, IDLE_TIMEOUT_SECONDS)
        async with publish_client, subscribe_client:
            notifications = cls(publish_client, subscribe_client)
            publisher = asyncio.create_task(notifications._publish_continuously())
            try:
                yield notifications
            finally:
                publisher.cancel()
                with suppress(asyncio.CancelledError):
                    await publisher
                await notifications._publish_pending()

    def publish(self, ids: Iterable[JobId]) -> None:
        """Enqueue a notification that these jobs have changed. Returns at once, raises nothing."""
        self._pending.update(ids)
        self._has_pending.set()

    async def subscribe(self) -> AsyncGenerator[frozenset[JobId]]:
        """Yield the ids of changed jobs, without end; the subscription ends with the iteration.

        An empty set means that `is_subscribed` has changed and that notifications may be missing.
        """
        try:
            async with aclosing(self._subscribe_again_and_again()) as messages:
                async for ids in messages:
                    yield ids
        finally:
            self.is_subscribed = False

    async def _subscribe_again_and_again(self) -> AsyncGenerator[frozenset[JobId]]:
        while True:
            _raise_if_canceled()
            try:
                async with (
                    self.subscribe_client.pubsub() as pubsub,
                    aclosing(_receive(pubsub)) as messages,
                ):
                    async for ids in messages:
                        self._set_subscribed()
                        yield ids
            except (RedisError, OSError, TimeoutError) as error:
                _raise_if_canceled()
                REDIS.note_failure(describe_error(error), is_refusal=is_refusal(error))
                if self.is_subscribed:
                    self.is_subscribed = False
                    log.debug("notifications.subscription_lost", instead="polling")
                    yield NO_IDS
                await asyncio.sleep(RECONNECT_DELAY_SECONDS)

    def _set_subscribed(self) -> None:
        if not self.is_subscribed:
            self.is_subscribed = True
            log.debug("notifications.subscribed")
        REDIS.note_success()

    async def _publish_continuously(self) -> None:
        while True:
            _raise_if_canceled()
            await self._has_pending.wait()
            try:
                await self._publish_pending()
            except Exception:
                log.exception("notifications.bug")
            await asyncio.sleep(MIN_INTERVAL_SECONDS)

    async def _publish_pending(self) -> None:
        """Publish all ids that are pending; those added meanwhile are left for the next call."""
        self._has_pending.clear()
        ids, self._pending = list(self._pending), set()
        for start in range(0, len(ids), MAX_IDS_PER_MESSAGE):
            batch, now = ids[start : start + MAX_IDS_PER_MESSAGE], time.monotonic()
            if not self.breaker.allows(now):
                self.failures += 1
                continue
            try:
                await self.publish_client.publish(CHANNEL, " ".join(map(str, batch)))
            except (RedisError, OSError) as error:
                self.failures += 1
                self.breaker.record_failure(now)
                REDIS.note_failure(describe_error(error), is_refusal=is_refusal(error))
                log.debug(
                    "notifications.publish_failed", jobs=len(batch), reason=describe_error(error)
                )
            else:
                self.breaker.record_success()
                REDIS.note_success()


async def _receive(pubsub: PubSub) -> AsyncGenerator[frozenset[JobId]]:
    """Subscribe, and yield an empty set when that is confirmed and the ids of each message after.

    Raises TimeoutError when the server does not answer, and what redis-py raises.
    """
    await pubsub.subscribe(CHANNEL)
    is_tested = False
    while True:
        _raise_if_canceled()
        message = await pubsub.get_message(timeout=IDLE_TIMEOUT_SECONDS)
        if message is not None:
            is_tested = False
            if message["type"] == "subscribe":
                yield NO_IDS
            elif message["type"] == "message":
                yield frozenset(_parse_ids(message["data"]))
        elif is_tested:
            raise TimeoutError("Redis did not answer a PING")
        else:
            await pubsub.ping()
            is_tested = True


def _raise_if_canceled() -> None:
    """Raise CancelledError if this task was canceled before.

    redis-py swallows a cancellation that arrives while it connects. Without this check a process
    that is stopped just then would never exit.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _parse_ids(data: bytes) -> Iterable[JobId]:
    """Yield the ids of a message. Other words are ignored: any Redis client can publish."""
    for word in data.split():
        with suppress(ValueError):
            yield JobId(UUID(word.decode(errors="replace")))
