"""Queue of the ids of pending jobs in Redis: one list for each priority, first in, first out.

The queue only wakes workers: PostgreSQL decides which jobs are pending. An id that is lost here
delays its job by a few seconds, until a worker's sweep of the table `jobs` finds it; so a failure
of the queue never fails an upload and never stops a worker.
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

from imagemill.batcher import Batcher
from imagemill.errors import Unavailable
from imagemill.jobs.job import JobId, Priority
from imagemill.outages import REDIS
from imagemill.redis.circuit_breaker import CircuitBreaker
from imagemill.redis.client import create_client, describe_error, is_refusal
from imagemill.redis.notifications import CHANNEL
from imagemill.settings.addresses import RedisAddress

log = structlog.get_logger()

KEYS: Final = {priority: f"imagemill:queue:{priority}" for priority in Priority}
PUSH_TIMEOUT_SECONDS: Final = 0.1
# How much longer than the server's own time-out the client waits for an answer to BLMPOP.
POP_MARGIN_SECONDS: Final = 2.0
# Ids read by one command where the whole queue is read.
PAGE_SIZE: Final = 10_000
# What a check pushes and pops, under a key of its own.
CHECK_KEY: Final = "imagemill:queue:check"
CHECK_WAIT_SECONDS: Final = 0.01
# Ids pushed by one command.
MAX_PUSHED: Final = 500


class QueueUnavailable(Unavailable):
    """Redis did not answer, or refuses us."""

    @property
    def is_refusal(self) -> bool:
        return is_refusal(self.__cause__)


@dataclass(slots=True)
class JobQueue:
    """Pushes and pops ids of jobs, through connections that differ in their time-outs.

    `on_failure` is called for each push and each pop that fails.
    """

    push_client: Redis
    pop_client: Redis
    pop_timeout: timedelta
    on_failure: Callable[[], None] = lambda: None
    breaker: CircuitBreaker = field(
        default_factory=lambda: CircuitBreaker(threshold=3, cooldown=2.0)
    )
    _pushes: Batcher[tuple[Priority, JobId], None] = field(init=False)

    def __post_init__(self) -> None:
        self._pushes = Batcher(self._push_together, max_size=MAX_PUSHED)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        address: RedisAddress,
        pop_timeout: timedelta = timedelta(seconds=2),
        on_failure: Callable[[], None] = lambda: None,
    ) -> AsyncIterator["JobQueue"]:
        """Open the queue; `pop_timeout` is how long `pop` waits for a first id."""
        push_client = create_client(address, PUSH_TIMEOUT_SECONDS)
        pop_client = create_client(address, pop_timeout.total_seconds() + POP_MARGIN_SECONDS)
        async with push_client, pop_client:
            yield cls(push_client, pop_client, pop_timeout, on_failure)

    async def push(self, job_id: JobId, priority: Priority) -> None:
        """Append the id of a committed job. Raises nothing: a sweep finds what is not pushed.

        Ids that come together are appended by one command for each priority.
        """
        if not self.breaker.allows(time.monotonic()):
            self.on_failure()
            return
        await self._pushes.submit((priority, job_id))

    async def _push_together(self, pushed: Sequence[tuple[Priority, JobId]]) -> Sequence[None]:
        for priority in {priority for priority, _ in pushed}:
            ids = [str(job_id) for own, job_id in pushed if own is priority]
            now = time.monotonic()
            try:
                await self.push_client.rpush(KEYS[priority], *ids)
            except (RedisError, OSError) as error:
                for _ in ids:
                    self.on_failure()
                self.breaker.record_failure(now)
                REDIS.note_failure(describe_error(error), is_refusal=is_refusal(error))
                log.debug("queue.push_failed", jobs=len(ids), reason=describe_error(error))
            else:
                self.breaker.record_success()
                REDIS.note_success()
        return [None] * len(pushed)

    async def pop(self, count: int) -> tuple[JobId, ...]:
        """Remove and return up to `count` ids of the highest priority that has any.

        Waits up to `pop_timeout` for a first id; then returns none. Raises QueueUnavailable.
        """
        try:
            popped = await self.pop_client.blmpop(
                self.pop_timeout.total_seconds(),
                len(KEYS),
                *KEYS.values(),
                direction="LEFT",
                count=count,
            )
        except (RedisError, OSError) as error:
            self.on_failure()
            REDIS.note_failure(describe_error(error), is_refusal=is_refusal(error))
            raise QueueUnavailable(f"Redis is unavailable: {describe_error(error)}") from error
        REDIS.note_success()
        return tuple(_parse_ids(cast("list[bytes]", popped[1]))) if popped else ()

    async def push_all(self, ids: Sequence[JobId], priority: Priority) -> None:
        """Append the ids, at least one. Raises QueueUnavailable."""
        with _translate_errors():
            await self.pop_client.rpush(KEYS[priority], *map(str, ids))

    async def read_ids(self) -> frozenset[JobId]:
        """Return all ids in the queue. Raises QueueUnavailable."""
        found: set[JobId] = set()
        for key in KEYS.values():
            start = 0
            # Pops between two pages shift the list, so that ids may be missed. To push one twice is
            # harmless.
            while values := await self._range(key, start):
                found.update(_parse_ids(values))
                start += len(values)
        return frozenset(found)

    async def read_eviction_policy(self) -> str:
        """Return Redis' `maxmemory-policy`. Raises QueueUnavailable."""
        with _translate_errors():
            memory = await self.pop_client.info("memory")
        return str(memory["maxmemory_policy"])

    async def check(self) -> None:
        """Raise QueueUnavailable unless Redis lets us push, pop and publish."""
        client = self.pop_client  # which has time: a check is no upload that waits
        with _translate_errors():
            await client.rpush(CHECK_KEY, "check")
            await client.blmpop(CHECK_WAIT_SECONDS, 1, CHECK_KEY, direction="LEFT", count=PAGE_SIZE)
            await client.publish(CHANNEL, "")

    async def _range(self, key: str, start: int) -> list[bytes]:
        with _translate_errors():
            return cast(
                "list[bytes]", await self.pop_client.lrange(key, start, start + PAGE_SIZE - 1)
            )


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        REDIS.note_failure(describe_error(error), is_refusal=is_refusal(error))
        raise QueueUnavailable(f"Redis is unavailable: {describe_error(error)}") from error
    REDIS.note_success()


def _parse_ids(values: Iterable[bytes]) -> Iterable[JobId]:
    """Yield the values that are ids. Others are logged: any Redis client can write to a list."""
    for value in values:
        try:
            yield JobId(UUID(value.decode()))
        except ValueError:
            log.warning("queue.invalid_id", value=value[:64])
