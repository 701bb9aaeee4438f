"""The worker's loops: take jobs, keep their leases, reap those of workers that went silent."""

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from imagemill.failpoints import failpoint
from imagemill.jobs.job import ErrorCode, Status
from imagemill.jobs.leases import JobLeases
from imagemill.maintenance.schedule import Housekeeping
from imagemill.periodic import run_periodically
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.volume import Volume
from imagemill.telemetry.metrics import JOBS_ENDED, REAPED_JOBS
from imagemill.webhooks.dispatcher import WebhookDispatcher
from imagemill.worker.job_executor import JobExecutor
from imagemill.worker.job_fetcher import JobFetcher, pause
from imagemill.worker.liveness import Liveness
from imagemill.worker.result_batcher import ResultBatcher

log = structlog.get_logger()

ROOM_TIMEOUT_SECONDS: Final = 1.0
PROBE_SECONDS: Final = 1.0
# Silence of PostgreSQL is met with patience, but the next try comes well within a lease.
RETRY_SECONDS: Final = 1.0
# A lease that expired is seen within this share of its length, and within ten seconds.
REAP_SHARE: Final = 1 / 6
LONGEST_REAP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Worker:
    """Takes jobs until it is told to stop, then lets go of them in good order."""

    leases: JobLeases
    source: JobFetcher
    executor: JobExecutor
    recorder: ResultBatcher
    storage: Volume
    liveness: Liveness
    housekeeping: Housekeeping
    dispatcher: WebhookDispatcher

    async def run(self, stopping: asyncio.Event, grace: timedelta) -> None:
        """Work until `stopping` is set; then finish what runs within the grace time."""
        async with asyncio.TaskGroup() as background:
            tasks = [
                background.create_task(loop)
                for loop in (
                    self.recorder.run(),
                    self._keep_leases(),
                    self._reap(),
                    self.housekeeping.run(),
                    # It waits for its bell by itself.
                    run_periodically("webhooks", self.dispatcher.round, (0, 0)),
                )
            ]
            try:
                await self._take(stopping)
            finally:
                log.info("worker.draining", held=len(self.executor.claims))
                until = time.monotonic() + grace.total_seconds()
                await self.executor.drain(grace)
                await self.dispatcher.drain(timedelta(seconds=max(0, until - time.monotonic())))
                for task in tasks:
                    task.cancel()

    async def _take(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            self.liveness.turned()
            if self.executor.storage_failed.is_set():
                await self._wait_for_storage(stopping)
                continue
            room = await self.executor.room(ROOM_TIMEOUT_SECONDS)
            if not room:
                continue
            try:
                self.executor.start(await self.source.next(room, stopping))
            except DatabaseUnavailable as error:
                log.warning("postgres.unavailable", reason=str(error))
                await pause(RETRY_SECONDS, stopping)

    async def _wait_for_storage(self, stopping: asyncio.Event) -> None:
        """Take nothing until something can be written again."""
        try:
            await self.storage.probe()
        except StorageUnavailable as error:
            log.warning("storage.unavailable", reason=str(error))
            await pause(PROBE_SECONDS, stopping)
        else:
            self.executor.storage_failed.clear()

    async def _keep_leases(self) -> None:
        interval = self.leases.lease.total_seconds() / 3
        while True:
            await asyncio.sleep(interval)
            claims = self.executor.claims
            if not claims:
                continue
            failpoint("leases.renewing")
            try:
                self.executor.drop(await self.leases.heartbeat(claims))
            except DatabaseUnavailable as error:
                ids = [str(claim.id) for claim in claims]
                log.warning("leases.not_renewed", job_ids=ids, reason=str(error))

    async def _reap(self) -> None:
        longest = min(LONGEST_REAP_SECONDS, self.leases.lease.total_seconds() * REAP_SHARE)
        while True:
            await asyncio.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - no secret
            try:
                reaped = await self.leases.reap()
            except DatabaseUnavailable as error:
                log.warning("leases.not_reaped", reason=str(error))
                continue
            self.liveness.answered()
            if reaped:
                failpoint("leases.reaped")
                self.dispatcher.wakeup.set()  # some may have failed for good
            for job in reaped:
                REAPED_JOBS.labels(job.status).inc()
                if job.status is Status.FAILED:
                    JOBS_ENDED.labels(job.status, ErrorCode.WORKER_LOST).inc()
                log.warning(
                    "job.reaped", job_id=str(job.id), attempt=job.attempt, status=job.status
                )
