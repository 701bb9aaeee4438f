"""The line of waiting ids in Redis: one list a priority.

Redis is only a doorbell. An id that gets lost here costs its job a few seconds, until a worker's
sweep of the ledger finds it; so no failure in this file may ever fail an upload or stop a worker.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from imagemill.errors import Unavailable
from imagemill.jobs.job import JobId, Priority
from imagemill.redis.breaker import Breaker
from imagemill.redis.client import client, reason
from imagemill.settings.addresses import RedisAddress

log = structlog.get_logger()

KEYS: Final = {priority: f"imagemill:queue:{priority}" for priority in Priority}
PUT_TIMEOUT_SECONDS: Final = 0.1
# How much longer than the server's own time-out the client waits for an answer to BLMPOP.
TAKE_MARGIN_SECONDS: Final = 2.0
# How many ids are read at once by whoever looks at the whole line.
PAGE: Final = 10_000


class QueueUnavailable(Unavailable):
    """Redis did not answer."""


@dataclass(slots=True)
class JobQueue:
    """Puts ids into the line and takes them out, each side with a connection of its own kind.

    `failed` is called each time that an id could not be put in, or none be asked for.
    """

    putting: Redis
    taking: Redis
    take_timeout: timedelta
    failed: Callable[[], None] = lambda: None
    breaker: Breaker = field(default_factory=lambda: Breaker(threshold=3, cooldown=2.0))

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        address: RedisAddress,
        take_timeout: timedelta = timedelta(seconds=2),
        failed: Callable[[], None] = lambda: None,
    ) -> AsyncIterator["JobQueue"]:
        """Open the line; `take_timeout` is how long `take` waits for a first id."""
        putting = client(address, PUT_TIMEOUT_SECONDS)
        taking = client(address, take_timeout.total_seconds() + TAKE_MARGIN_SECONDS)
        async with putting, taking:
            yield cls(putting, taking, take_timeout, failed)

    async def put(self, job_id: JobId, priority: Priority) -> None:
        """Ring the bell for a job that the ledger has. Never fails: see the sweep."""
        now = time.monotonic()
        if not self.breaker.allows(now):
            self.failed()
            return
        try:
            await self.putting.rpush(KEYS[priority], str(job_id))
        except (RedisError, OSError) as error:
            self.failed()
            self.breaker.failed(now)
            log.warning("queue.push_failed", job_id=str(job_id), reason=reason(error))
        else:
            self.breaker.succeeded()

    async def take(self, count: int) -> tuple[JobId, ...]:
        """Wait for ids and return up to `count` of the most urgent ones; none after the time-out.

        Raises QueueUnavailable.
        """
        try:
            popped = await self.taking.blmpop(
                self.take_timeout.total_seconds(),
                len(KEYS),
                *KEYS.values(),
                direction="LEFT",
                count=count,
            )
        except (RedisError, OSError) as error:
            self.failed()
            raise QueueUnavailable(f"Redis is away: {reason(error)}") from error
        return tuple(_ids(cast("list[bytes]", popped[1]))) if popped else ()

    async def put_again(self, ids: Sequence[JobId], priority: Priority) -> None:
        """Ring for jobs that the line forgot. Raises QueueUnavailable."""
        with _unavailable():
            await self.taking.rpush(KEYS[priority], *map(str, ids))

    async def ids(self) -> frozenset[JobId]:
        """Return all ids that are in the line. Raises QueueUnavailable."""
        found: set[JobId] = set()
        for key in KEYS.values():
            start = 0
            # The line moves on meanwhile: whatever is missed is being taken this moment.
            while values := await self._range(key, start):
                found.update(_ids(values))
                start += len(values)
        return frozenset(found)

    async def eviction_policy(self) -> str:
        """Return what Redis does when its memory is full. Raises QueueUnavailable."""
        with _unavailable():
            memory = await self.taking.info("memory")
        return str(memory["maxmemory_policy"])

    async def ping(self) -> None:
        """Return when Redis answers. Raises QueueUnavailable."""
        with _unavailable():
            await self.putting.ping()

    async def _range(self, key: str, start: int) -> list[bytes]:
        with _unavailable():
            return cast("list[bytes]", await self.taking.lrange(key, start, start + PAGE - 1))


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise QueueUnavailable(f"Redis is away: {reason(error)}") from error


def _ids(values: Iterable[bytes]) -> Iterable[JobId]:
    """Return the values that are ids; anybody can write into a list."""
    for value in values:
        try:
            yield JobId(UUID(value.decode()))
        except ValueError:
            log.warning("queue.invalid_id", value=value[:64])
