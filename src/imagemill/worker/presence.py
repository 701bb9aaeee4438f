"""The presence of a worker in PostgreSQL: it notes itself while it runs, and leaves in order.

One small statement in twenty seconds, however many jobs there are; beside the heartbeats, whose
pace it keeps where leases are shorter.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final, Never

import psycopg
import structlog

from imagemill.jobs.worker_registry import WorkerFacts, WorkerRegistry
from imagemill.periodic import Report, report_nothing
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.postgres.retry import retry_until_available

log = structlog.get_logger()

MAX_INTERVAL: Final = timedelta(seconds=20)
# A worker that missed this many notes in a row counts as lost.
MISSED_NOTES: Final = 3
# A worker that stops does not wait for PostgreSQL: its row expires by itself.
REMOVAL_TIMEOUT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Presence:
    """The row of one worker, whose leases have the given length."""

    registry: WorkerRegistry
    facts: WorkerFacts
    lease: timedelta
    started: float = field(default_factory=time.monotonic)

    async def run(self, report: Report = report_nothing) -> Never:
        """Note the worker at once, and again at each interval, until canceled."""
        interval = min(MAX_INTERVAL, self.lease / MISSED_NOTES)
        while True:
            try:
                await retry_until_available(partial(self._note, MISSED_NOTES * interval))
            except Exception as error:
                log.exception("worker.not_noted")
                report("presence", error)
            else:
                report("presence", None)
            await asyncio.sleep(interval.total_seconds())

    async def end(self) -> None:
        """Remove the row of the worker, which has stopped."""
        try:
            async with asyncio.timeout(REMOVAL_TIMEOUT_SECONDS):
                await self.registry.remove(self.facts.id)
        except (DatabaseUnavailable, psycopg.Error, TimeoutError) as error:
            log.warning("worker.not_removed", reason=str(error))

    async def _note(self, lifetime: timedelta) -> None:
        uptime = timedelta(seconds=time.monotonic() - self.started)
        await self.registry.note(self.facts, uptime, lifetime)
