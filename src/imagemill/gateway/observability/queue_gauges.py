"""Gauges of the job queue and of the workers, read from PostgreSQL for GET /metrics.

There may be many scrapers, and PostgreSQL may be slow: it is queried at most once in a few seconds,
by one statement at a time, and no scraper waits long for it.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imagemill.jobs.queue_stats import read_queue_stats
from imagemill.jobs.worker_registry import WorkerRegistry
from imagemill.postgres.pool import DatabaseUnavailable, Postgres
from imagemill.postgres.server_info import read_oldest_snapshot
from imagemill.telemetry.gauges import SharedState, shared_gauges
from imagemill.telemetry.metrics import Metrics
from imagemill.webhooks.queue_stats import read_webhook_stats

MAX_AGE_SECONDS: Final = 5.0
QUERY_TIMEOUT_SECONDS: Final = 2.0


@dataclass(slots=True)
class QueueGauges:
    """Reads the gauges, and caches them for `max_age_seconds`."""

    postgres: Postgres
    max_age_seconds: float = MAX_AGE_SECONDS
    _query: asyncio.Task[SharedState | None] | None = None
    _queried_at: float = 0.0

    async def read(self) -> Metrics:
        """Return the gauges; only that PostgreSQL is down if it is unavailable or slow."""
        if self._query is None or self._is_stale(self._query):
            self._queried_at = time.monotonic()
            self._query = asyncio.create_task(self._query_state())
        # Not canceled after the time-out: the next scrape may find it done.
        done, _ = await asyncio.wait({self._query}, timeout=QUERY_TIMEOUT_SECONDS)
        return shared_gauges(self._query.result() if done else None)

    def _is_stale(self, query: asyncio.Task[SharedState | None]) -> bool:
        return query.done() and time.monotonic() - self._queried_at > self.max_age_seconds

    async def _query_state(self) -> SharedState | None:
        try:
            stats = await read_queue_stats(self.postgres)
            workers = await WorkerRegistry(self.postgres).count()
            webhooks = await read_webhook_stats(self.postgres)
            snapshot = await read_oldest_snapshot(self.postgres)
        except DatabaseUnavailable:
            return None
        return SharedState(
            jobs={"due": stats.due, "delayed": stats.delayed, "processing": stats.processing},
            oldest_due_job=stats.oldest_due,
            workers={"live": workers.live, "lost": workers.lost},
            pending_webhooks=webhooks.pending,
            oldest_due_webhook=webhooks.oldest_due,
            oldest_snapshot=snapshot.age if snapshot else timedelta(0),
        )
