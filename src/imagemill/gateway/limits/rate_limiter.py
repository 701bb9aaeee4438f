"""RATE_LIMIT: a sliding-window rate limiter, counted in Redis for all gateways.

Each caller has two counters. They approximate a sliding window closely, take the same few bytes for
any rate, allow no double rate at the border of two windows, and follow the clock of Redis alone;
see docs/decisions/0011-sliding-window-rate-limit.md.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from math import ceil
from typing import Final

import structlog
from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from imagemill.outages import REDIS
from imagemill.redis.client import describe_error
from imagemill.redis.queue import JobQueue

log = structlog.get_logger()

KEY_PREFIX: Final = "imagemill:rate"
REDIS_TIMEOUT_SECONDS: Final = 0.1
# Callers that this process remembers; beyond that the oldest are forgotten.
MAX_CALLERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Quota:
    """Requests that a caller has left, and the seconds until it has more."""

    remaining: int
    seconds: float
    is_refused: bool

    @property
    def whole_seconds(self) -> int:
        return max(1, ceil(self.seconds))


@dataclass(slots=True)
class RateLimiter:
    """Counts requests in Redis while it answers, otherwise in this process.

    A refusal is cached until it ends: a quota only grows with time, so it need not be read again.
    """

    rate: RateLimitItem
    queue: JobQueue
    _memory: MemoryStorage = field(default_factory=MemoryStorage)
    _refused_until: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _shared: SlidingWindowCounterRateLimiter = field(init=False)
    _local: SlidingWindowCounterRateLimiter = field(init=False)

    def __post_init__(self) -> None:
        # The queue's connections, with their address, password and time-outs.
        storage = RedisStorage(
            "redis://",
            implementation="redispy",
            key_prefix=KEY_PREFIX,
            connection_pool=self.queue.push_client.connection_pool,  # type: ignore[arg-type]  # its documented way
        )
        self._shared = SlidingWindowCounterRateLimiter(storage)
        self._local = SlidingWindowCounterRateLimiter(self._memory)

    def cached_refusal(self, caller: str) -> Quota | None:
        """Return the caller's refusal if one is in effect, without asking Redis."""
        seconds = self._refused_until.get(caller, 0.0) - time.monotonic()
        return Quota(0, seconds, is_refused=True) if seconds > 0 else None

    async def spend(self, caller: str) -> Quota:
        """Count one request of the caller, unless it is refused, and return the quota after it."""
        quota = self.cached_refusal(caller)
        if quota is None:
            quota = await self._spend_shared(caller) or await self._spend_local(caller)
            if quota.is_refused:
                self._cache_refusal(caller, quota)
        return quota

    async def _spend_shared(self, caller: str) -> Quota | None:
        breaker, now = self.queue.breaker, time.monotonic()
        if not breaker.allows(now):
            return None
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                quota = await self._spend(self._shared, caller)
        except (RedisError, OSError) as error:  # a TimeoutError is an OSError
            breaker.record_failure(now)
            REDIS.note_failure(describe_error(error))
            log.debug("rate_limit.counted_locally", reason=describe_error(error))
            return None
        breaker.record_success()
        REDIS.note_success()
        return quota

    async def _spend_local(self, caller: str) -> Quota:
        if len(self._memory.storage) > MAX_CALLERS:
            await self._memory.reset()
        return await self._spend(self._local, caller)

    async def _spend(self, limiter: SlidingWindowCounterRateLimiter, caller: str) -> Quota:
        is_counted = await limiter.hit(self.rate, caller)
        reset_time, remaining = await limiter.get_window_stats(self.rate, caller)
        seconds = max(0.0, reset_time - time.time())
        return Quota(remaining if is_counted else 0, seconds, is_refused=not is_counted)

    def _cache_refusal(self, caller: str, quota: Quota) -> None:
        self._refused_until[caller] = time.monotonic() + quota.seconds
        self._refused_until.move_to_end(caller)
        if len(self._refused_until) > MAX_CALLERS:
            self._refused_until.popitem(last=False)
