"""Gauges of the job queue, read from PostgreSQL for GET /metrics.

There may be many scrapers, and PostgreSQL may be slow: it is queried at most once in a few seconds,
by one statement at a time, and no scraper waits long for it.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from imagemill.jobs.queue_stats import QueueStats, read_queue_stats
from imagemill.postgres.pool import DatabaseUnavailable, Postgres
from imagemill.telemetry.metrics import Metrics, job_gauges

MAX_AGE_SECONDS: Final = 5.0
QUERY_TIMEOUT_SECONDS: Final = 2.0


@dataclass(slots=True)
class QueueGauges:
    """Reads the gauges, and caches them for `max_age_seconds`."""

    postgres: Postgres
    max_age_seconds: float = MAX_AGE_SECONDS
    _query: asyncio.Task[QueueStats | None] | None = None
    _queried_at: float = 0.0

    async def read(self) -> Metrics:
        """Return the gauges; only that PostgreSQL is down if it is unavailable or slow."""
        if self._query is None or self._is_stale(self._query):
            self._queried_at = time.monotonic()
            self._query = asyncio.create_task(self._query_stats())
        # Not canceled after the time-out: the next scrape may find it done.
        done, _ = await asyncio.wait({self._query}, timeout=QUERY_TIMEOUT_SECONDS)
        return _to_metrics(self._query.result() if done else None)

    def _is_stale(self, query: asyncio.Task[QueueStats | None]) -> bool:
        return query.done() and time.monotonic() - self._queried_at > self.max_age_seconds

    async def _query_stats(self) -> QueueStats | None:
        try:
            return await read_queue_stats(self.postgres)
        except DatabaseUnavailable:
            return None


def _to_metrics(stats: QueueStats | None) -> Metrics:
    if stats is None:
        return job_gauges(None)
    states = {"due": stats.due, "delayed": stats.delayed, "processing": stats.processing}
    return job_gauges(states, stats.oldest_due)
