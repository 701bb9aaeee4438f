"""The schedule of a worker's maintenance: which task runs how often, and on how many workers."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imagemill.jobs.worker_registry import WorkerRegistry
from imagemill.maintenance.janitor import Janitor
from imagemill.maintenance.retention import Retention
from imagemill.maintenance.scheduled_tasks import ScheduledTasks
from imagemill.periodic import Report, report_nothing, run_periodically

# Lookups in indexes that rarely find anything.
RETENTION_SECONDS: Final = (5.0, 10.0)
# A look at one folder for each process of the stack.
ABANDONED_SECONDS: Final = (10.0, 20.0)
JANITOR_SECONDS: Final = (30.0, 90.0)
LOST_WORKERS_SECONDS: Final = (60.0, 120.0)
# Spreads a scan over minutes where there are thousands of shards.
JANITOR_PAUSE_SECONDS: Final = 0.05

JANITOR_TASK: Final = "janitor"
JANITOR_INTERVAL: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The tasks, each in a loop of its own so that none delays another."""

    retention: Retention
    janitor: Janitor
    scheduled_tasks: ScheduledTasks
    workers: WorkerRegistry
    report: Report = report_nothing

    async def run(self) -> None:
        """Run all tasks until canceled."""
        retention, janitor = self.retention, self.janitor
        report = self.report
        await asyncio.gather(
            run_periodically(
                "expired_jobs", retention.delete_expired_jobs, RETENTION_SECONDS, report
            ),
            run_periodically(
                "expired_keys", retention.delete_expired_keys, RETENTION_SECONDS, report
            ),
            run_periodically("file_deletions", retention.delete_files, RETENTION_SECONDS, report),
            run_periodically(
                "abandoned_files", janitor.delete_abandoned, ABANDONED_SECONDS, report
            ),
            run_periodically("janitor", self.run_janitor, JANITOR_SECONDS, report),
            run_periodically(
                "lost_workers", self.workers.delete_lost, LOST_WORKERS_SECONDS, report
            ),
        )

    async def run_janitor(self) -> None:
        """Let the janitor clean unless a worker did within the last hour.

        Raises DatabaseUnavailable, StorageUnavailable.
        """
        # First, so that while the storage is unavailable nobody uses up this hour's turn.
        now = await self.janitor.storage.now()
        if await self.scheduled_tasks.claim(JANITOR_TASK, JANITOR_INTERVAL):
            await self.janitor.clean(now)
