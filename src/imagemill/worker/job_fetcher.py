"""Where claims come from: ids off the line, or a sweep of the ledger when the line is no help."""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import structlog

from imagemill.jobs.job import Claim, JobId
from imagemill.jobs.leases import JobLeases
from imagemill.redis.queue import JobQueue, QueueUnavailable
from imagemill.telemetry.metrics import CLAIMS, JOB_WAITING_SECONDS

log = structlog.get_logger()

# The line is silent: what has been due for this long was forgotten by it.
GRACE_WHEN_SILENT: Final = timedelta(seconds=2)
# The line is busy: a due job may just be waiting in it for its turn.
GRACE_WHEN_BUSY: Final = timedelta(seconds=15)
SWEEP_SECONDS: Final = 5.0
# How often the ledger is asked while Redis is away.
POLL_SECONDS: Final = 0.5


@dataclass(slots=True)
class JobFetcher:
    """Claims jobs for one worker."""

    leases: JobLeases
    line: JobQueue
    _swept_at: float = 0.0
    _has_backlog: bool = False
    _line_is_away: bool = False

    async def next(self, count: int, stopping: asyncio.Event) -> tuple[Claim, ...]:
        """Wait a while for jobs and return up to `count` claims, perhaps none.

        Returns early when `stopping` is set. Raises DatabaseUnavailable.
        """
        if self._has_backlog:  # the last sweep left some behind: no need to wait for a bell
            return await self._sweep(count, GRACE_WHEN_SILENT)
        try:
            ids = await self._ids(count, stopping)
        except QueueUnavailable as error:
            return await self._next_without_line(count, stopping, error)
        if self._line_is_away:
            self._line_is_away = False
            log.info("queue.available")
        if stopping.is_set():
            return ()
        claims = _counted(await self.leases.claim(ids), "queue") if ids else ()
        if not ids:
            return await self._sweep(count, GRACE_WHEN_SILENT)
        if len(claims) < count and self._is_time_to_sweep():
            claims += await self._sweep(count - len(claims), GRACE_WHEN_BUSY)
        return claims

    async def _ids(self, count: int, stopping: asyncio.Event) -> tuple[JobId, ...]:
        # Only the wait for ids is cut short by `stopping`, never a claim: one that was made and
        # not heard of would block its jobs until the lease expires.
        taking = asyncio.create_task(self.line.pop(count))
        stopped = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({taking, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return taking.result() if taking.done() else ()
        finally:
            for task in (taking, stopped):
                task.cancel()
            await asyncio.wait({taking, stopped})

    async def _next_without_line(
        self, count: int, stopping: asyncio.Event, error: QueueUnavailable
    ) -> tuple[Claim, ...]:
        if not self._line_is_away:
            self._line_is_away = True
            log.warning("queue.unavailable", reason=str(error), instead="the ledger is swept")
        claims = await self._sweep(count, timedelta(0))
        if not claims:
            await pause(POLL_SECONDS, stopping)
        return claims

    async def _sweep(self, count: int, grace: timedelta) -> tuple[Claim, ...]:
        self._swept_at = time.monotonic()
        claims = _counted(await self.leases.sweep(count, grace), "sweep")
        self._has_backlog = len(claims) == count
        if claims:
            log.info("jobs.swept", job_ids=[str(claim.id) for claim in claims])
        return claims

    def _is_time_to_sweep(self) -> bool:
        # With jitter, so that many workers do not all sweep at the same moment.
        return time.monotonic() - self._swept_at > SWEEP_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


def _counted(claims: tuple[Claim, ...], source: Literal["queue", "sweep"]) -> tuple[Claim, ...]:
    CLAIMS.labels(source).inc(len(claims))
    for claim in claims:
        JOB_WAITING_SECONDS.observe(claim.waited.total_seconds())
    return claims


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Sleep, but not past the moment when `stopping` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
