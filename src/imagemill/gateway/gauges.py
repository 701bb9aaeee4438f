"""What the ledger says of the jobs that wait, for those who look at the metrics.

Many may look, and PostgreSQL may be slow: it is asked at most once in a few seconds, by one
question at a time, and nobody waits long for the answer.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric

from imagemill.jobs.census import MOST_COUNTED, Census, take_census
from imagemill.jobs.postgres import LedgerUnavailable, Postgres

FRESH_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 2.0


@dataclass(slots=True)
class LedgerGauges:
    """Asks the ledger, and remembers the answer for a while."""

    postgres: Postgres
    _asking: asyncio.Task[Census | None] | None = None
    _asked_at: float = 0.0

    async def read(self) -> tuple[Metric, ...]:
        """Return the gauges; of a ledger that is away, or slow, that alone."""
        if self._asking is None or self._is_stale(self._asking):
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._ask())
        # Not cancelled when it takes too long: whoever looks next may find it answered.
        done, _ = await asyncio.wait({self._asking}, timeout=PATIENCE_SECONDS)
        return tuple(_gauges(self._asking.result() if done else None))

    def _is_stale(self, asked: asyncio.Task[Census | None]) -> bool:
        return asked.done() and time.monotonic() - self._asked_at > FRESH_SECONDS

    async def _ask(self) -> Census | None:
        try:
            return await take_census(self.postgres)
        except LedgerUnavailable:
            return None


def _gauges(census: Census | None) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "imagemill_ledger_up", "Whether PostgreSQL answered.", 0 if census is None else 1
    )
    if census is None:
        return
    jobs = GaugeMetricFamily(
        "imagemill_jobs",
        f"Jobs that have not ended: due, delayed until they are tried again, or processing; "
        f"counted up to {MOST_COUNTED}.",
        labels=("state",),
    )
    jobs.add_metric(("due",), census.due)
    jobs.add_metric(("delayed",), census.delayed)
    jobs.add_metric(("processing",), census.processing)
    yield jobs
    yield GaugeMetricFamily(
        "imagemill_oldest_due_job_age_seconds",
        "For how long the first job that is due has been waiting; 0 when none is.",
        census.oldest_due.total_seconds(),
    )
