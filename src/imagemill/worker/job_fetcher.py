"""Fetcher of jobs: claims the jobs whose ids it pops, and sweeps PostgreSQL for others."""

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from imagemill.jobs.job import Claim
from imagemill.jobs.leases import FOREVER, JobLeases
from imagemill.periodic import run_unless, sleep_unless
from imagemill.redis.queue import JobQueue, QueueUnavailable
from imagemill.worker.metrics import count_claims

log = structlog.get_logger()

# The queue is empty: a job that has been due for this long is not in it.
GRACE_WHEN_IDLE: Final = timedelta(seconds=2)
# The queue is busy: the id of a due job may just be waiting in it.
GRACE_WHEN_BUSY: Final = timedelta(seconds=15)
SWEEP_SECONDS: Final = 5.0
# How often a sweep looks at all jobs, and not only at those due since the last complete sweep.
FULL_SWEEP_SECONDS: Final = 60.0
# Longer than a statement takes: so long after it is due a job may become visible, or be unlocked.
SWEEP_OVERLAP: Final = timedelta(seconds=30)
# How often PostgreSQL is polled while Redis is unavailable.
POLL_SECONDS: Final = 0.5


@dataclass(slots=True)
class JobFetcher:
    """Fetches jobs for one worker."""

    leases: JobLeases
    queue: JobQueue
    _swept_at: float = 0.0
    _swept_fully_at: float = -FULL_SWEEP_SECONDS
    # When a sweep last left no due job behind, but for those within its grace.
    _completed_at: float = 0.0
    _completed_grace: timedelta = timedelta(0)
    _has_backlog: bool = False

    async def fetch_jobs(self, count: int, stopping: asyncio.Event) -> tuple[Claim, ...]:
        """Claim up to `count` jobs, waiting a few seconds for a first one; perhaps none.

        Returns early when `stopping` is set. Raises DatabaseUnavailable.
        """
        if self._has_backlog:  # the last sweep left due jobs behind: no need to wait for ids
            return await self._sweep(count, GRACE_WHEN_IDLE)
        try:
            # Only this wait is cut short by `stopping`, never a claim: one that was committed and
            # whose answer was not read would block its jobs until the lease expires.
            ids = await run_unless(stopping, self.queue.pop(count))
        except QueueUnavailable as error:
            log.debug("queue.unavailable", reason=str(error), instead="PostgreSQL is polled")
            return await self._fetch_without_queue(count, stopping)
        if stopping.is_set():
            return ()
        if not ids:
            return await self._sweep(count, GRACE_WHEN_IDLE)
        claims = await self.leases.claim(ids)
        count_claims(claims, "queue")
        if len(claims) < count and self._is_time_to_sweep():
            claims += await self._sweep(count - len(claims), GRACE_WHEN_BUSY)
        return claims

    async def _fetch_without_queue(self, count: int, stopping: asyncio.Event) -> tuple[Claim, ...]:
        claims = await self._sweep(count, timedelta(0))
        if not claims:
            await sleep_unless(stopping, POLL_SECONDS)
        return claims

    async def _sweep(self, count: int, grace: timedelta) -> tuple[Claim, ...]:
        now = self._swept_at = time.monotonic()
        is_full = now - self._swept_fully_at >= FULL_SWEEP_SECONDS
        since_completed = timedelta(seconds=now - self._completed_at) + self._completed_grace
        window = FOREVER if is_full else since_completed + SWEEP_OVERLAP
        claims = await self.leases.sweep(count, grace, window)
        count_claims(claims, "sweep")
        self._has_backlog = len(claims) == count
        if not self._has_backlog:
            self._completed_at, self._completed_grace = now, grace
            if is_full:
                self._swept_fully_at = now
        if claims:
            log.info("jobs.swept", job_ids=[str(claim.id) for claim in claims])
        return claims

    def _is_time_to_sweep(self) -> bool:
        # With jitter, so that many workers do not all sweep at the same moment.
        return time.monotonic() - self._swept_at > SWEEP_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
