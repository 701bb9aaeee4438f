"""How many requests each caller may still send: RATE_LIMIT, counted in Redis for all gateways.

Each caller has a sliding window of two counters. It is close to exact, takes the same few bytes for
any rate, lets nobody send double at the border of two windows, and goes by the clock of Redis
alone; see docs/decisions/0011-two-counters-a-caller.md.
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

from imagemill.redis.queue import JobQueue

log = structlog.get_logger()

KEY_PREFIX: Final = "imagemill:rate"
PATIENCE_SECONDS: Final = 0.1
# How many callers are remembered in this process; beyond that the oldest are forgotten.
MOST_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a caller's budget; after `seconds` there is more of it."""

    remaining: int
    seconds: float
    is_refused: bool

    @property
    def whole_seconds(self) -> int:
        return max(1, ceil(self.seconds))


@dataclass(slots=True)
class RateLimiter:
    """Counts requests, in Redis while it answers, else in this process.

    A refusal is remembered until its time is over: a budget only grows with time, so until then
    nobody needs to be asked.
    """

    rate: RateLimitItem
    line: JobQueue
    _memory: MemoryStorage = field(default_factory=MemoryStorage)
    _refused_until: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _shared: SlidingWindowCounterRateLimiter = field(init=False)
    _own: SlidingWindowCounterRateLimiter = field(init=False)

    def __post_init__(self) -> None:
        # The line's connections, with their address, password and time-outs.
        storage = RedisStorage(
            "redis://",
            implementation="redispy",
            key_prefix=KEY_PREFIX,
            connection_pool=self.line.push_client.connection_pool,  # type: ignore[arg-type]  # its documented way
        )
        self._shared = SlidingWindowCounterRateLimiter(storage)
        self._own = SlidingWindowCounterRateLimiter(self._memory)

    def refusal(self, whom: str) -> Quota | None:
        """Return the refusal that still holds for this caller, without asking anybody."""
        left = self._refused_until.get(whom, 0.0) - time.monotonic()
        return Quota(0, left, is_refused=True) if left > 0 else None

    async def spend(self, whom: str) -> Quota:
        """Take one request off the caller's budget, if there is one left, and return the rest."""
        quota = self.refusal(whom)
        if quota is None:
            quota = await self._spend_shared(whom) or await self._spend_own(whom)
            if quota.is_refused:
                self._remember(whom, quota)
        return quota

    async def _spend_shared(self, whom: str) -> Quota | None:
        breaker, now = self.line.breaker, time.monotonic()
        if not breaker.allows(now):
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                quota = await self._spend(self._shared, whom)
        except (RedisError, OSError) as error:  # a TimeoutError is one of the latter
            breaker.record_failure(now)
            log.warning("rate.counted_alone", reason=str(error) or type(error).__name__)
            return None
        breaker.record_success()
        return quota

    async def _spend_own(self, whom: str) -> Quota:
        if len(self._memory.storage) > MOST_REMEMBERED:
            await self._memory.reset()
        return await self._spend(self._own, whom)

    async def _spend(self, limiter: SlidingWindowCounterRateLimiter, whom: str) -> Quota:
        is_taken = await limiter.hit(self.rate, whom)
        reset_time, remaining = await limiter.get_window_stats(self.rate, whom)
        seconds = max(0.0, reset_time - time.time())
        return Quota(remaining if is_taken else 0, seconds, is_refused=not is_taken)

    def _remember(self, whom: str, quota: Quota) -> None:
        self._refused_until[whom] = time.monotonic() + quota.seconds
        self._refused_until.move_to_end(whom)
        if len(self._refused_until) > MOST_REMEMBERED:
            self._refused_until.popitem(last=False)
