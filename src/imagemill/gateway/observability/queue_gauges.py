"""What the ledger says of the jobs that wait, for those who look at the metrics.

Many may look, and PostgreSQL may be slow: it is asked at most once in a few seconds, by one
question at a time, and nobody waits long for the answer.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from imagemill.jobs.queue_stats import QueueStats, read_queue_stats
from imagemill.postgres.pool import DatabaseUnavailable, Postgres
from imagemill.telemetry.metrics import Metrics, job_gauges

FRESH_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 2.0


@dataclass(slots=True)
class QueueGauges:
    """Asks the ledger, and remembers the answer for a while."""

    postgres: Postgres
    fresh_seconds: float = FRESH_SECONDS
    _asking: asyncio.Task[QueueStats | None] | None = None
    _asked_at: float = 0.0

    async def read(self) -> Metrics:
        """Return the gauges; of a ledger that is away, or slow, that alone."""
        if self._asking is None or self._is_stale(self._asking):
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._ask())
        # Not cancelled when it takes too long: whoever looks next may find it answered.
        done, _ = await asyncio.wait({self._asking}, timeout=PATIENCE_SECONDS)
        return _told(self._asking.result() if done else None)

    def _is_stale(self, asked: asyncio.Task[QueueStats | None]) -> bool:
        return asked.done() and time.monotonic() - self._asked_at > self.fresh_seconds

    async def _ask(self) -> QueueStats | None:
        try:
            return await read_queue_stats(self.postgres)
        except DatabaseUnavailable:
            return None


def _told(census: QueueStats | None) -> Metrics:
    if census is None:
        return job_gauges(None)
    states = {"due": census.due, "delayed": census.delayed, "processing": census.processing}
    return job_gauges(states, census.oldest_due)
