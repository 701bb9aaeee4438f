"""Loops of a worker: fetch jobs, renew their leases, and reap the jobs whose lease has expired."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from imagemill.failpoints import failpoint
from imagemill.jobs.leases import JobLeases
from imagemill.maintenance.schedule import Maintenance
from imagemill.outages import STORAGE
from imagemill.periodic import pause_after, run_periodically, run_unless, sleep_unless
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.protocol import Storage
from imagemill.webhooks.dispatcher import WebhookDispatcher
from imagemill.worker.job_executor import JobExecutor
from imagemill.worker.job_fetcher import JobFetcher
from imagemill.worker.liveness import FETCHING, LEASES, Liveness
from imagemill.worker.metrics import count_reaped
from imagemill.worker.presence import Presence
from imagemill.worker.result_batcher import ResultBatcher

log = structlog.get_logger()

SLOT_TIMEOUT_SECONDS: Final = 1.0
PROBE_SECONDS: Final = 1.0
# Well within a lease.
RETRY_SECONDS: Final = 1.0
# What fails is tried again after growing pauses, up to this one.
MAX_BACKOFF_SECONDS: Final = 5.0
# An expired lease is reaped within this share of its length, and within MAX_REAP_SECONDS.
REAP_SHARE: Final = 1 / 6
MAX_REAP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Executes jobs until it is stopped, then drains."""

    leases: JobLeases
    fetcher: JobFetcher
    executor: JobExecutor
    results: ResultBatcher
    storage: Storage
    liveness: Liveness
    maintenance: Maintenance
    dispatcher: WebhookDispatcher
    presence: Presence

    async def run(self, stopping: asyncio.Event, grace: timedelta) -> None:
        """Work until `stopping` is set; then finish what has started within the grace time."""
        async with asyncio.TaskGroup() as background:
            tasks = [
                background.create_task(loop)
                for loop in (
                    self.results.run(),
                    self._renew_leases_periodically(),
                    self._reap_periodically(),
                    self.presence.run(self.liveness.note_run),
                    self.maintenance.run(),
                    # No pauses: each run waits for the wakeup event.
                    run_periodically(
                        "webhooks", self.dispatcher.run_once, (0, 0), self.liveness.note_run
                    ),
                )
            ]
            try:
                await self._fetch_jobs(stopping)
            finally:
                log.info("worker.draining", in_flight=len(self.executor.claims))
                deadline = time.monotonic() + grace.total_seconds()
                await self.executor.drain(grace)
                remaining = timedelta(seconds=max(0, deadline - time.monotonic()))
                await self.dispatcher.drain(remaining)
                for task in tasks:
                    task.cancel()
        # Last, and not among the tasks: none of them writes the row again.
        await self.presence.end()

    async def _fetch_jobs(self, stopping: asyncio.Event) -> None:
        """Fetch and start jobs until `stopping` is set, whatever goes wrong meanwhile."""
        failures = 0
        while not stopping.is_set():
            self.liveness.note_loop()
            try:
                await self._fetch_once(stopping)
            except Exception as error:
                log.exception("jobs.fetch_failed")
                self.liveness.note_run(FETCHING, error)
                failures += 1
                pause = pause_after(failures, RETRY_SECONDS, MAX_BACKOFF_SECONDS)
                await sleep_unless(stopping, pause)
            else:
                failures = 0

    async def _fetch_once(self, stopping: asyncio.Event) -> None:
        if self.executor.storage_failed.is_set():
            await self._wait_for_storage(stopping)
            return
        free_slots = await run_unless(
            stopping, self.executor.wait_for_free_slots(SLOT_TIMEOUT_SECONDS)
        )
        # The attempt that freed the slot may be the one that found the storage unavailable.
        if not free_slots or self.executor.storage_failed.is_set() or stopping.is_set():
            return
        try:
            self.executor.start(await self.fetcher.fetch_jobs(free_slots, stopping))
        except DatabaseUnavailable as error:
            log.debug("jobs.not_fetched", reason=str(error))
            self.liveness.note_run(FETCHING, error)
            await sleep_unless(stopping, RETRY_SECONDS)
        else:
            self.liveness.note_run(FETCHING, None)

    async def _wait_for_storage(self, stopping: asyncio.Event) -> None:
        """Probe the storage once; until something can be written again, no job is fetched."""
        try:
            await self.storage.probe()
        except StorageUnavailable as error:
            STORAGE.note_failure(error)
            self.liveness.note_run("storage", error)
            log.debug("storage.probed", reason=str(error))
            await sleep_unless(stopping, PROBE_SECONDS)
        else:
            self.executor.storage_failed.clear()
            self.liveness.note_run("storage", None)
            STORAGE.note_success()

    async def _renew_leases_periodically(self) -> None:
        interval = self.leases.lease.total_seconds() / 3
        pauses, report = (interval, interval), self.liveness.note_run
        await run_periodically(LEASES, self._renew_leases, pauses, report, interval)

    async def _renew_leases(self) -> None:
        claims = self.executor.claims
        if not claims:
            return
        failpoint("leases.renewing")
        self.executor.drop(await self.leases.heartbeat(claims))

    async def _reap_periodically(self) -> None:
        longest = min(MAX_REAP_SECONDS, self.leases.lease.total_seconds() * REAP_SHARE)
        pauses, report = (longest / 2, longest), self.liveness.note_run
        await run_periodically("reaping", self._reap, pauses, report, longest)

    async def _reap(self) -> None:
        reaped = await self.leases.reap()
        self.liveness.note_postgres()
        if reaped:
            failpoint("leases.reaped")
            self.dispatcher.wakeup.set()  # some may have failed for good
        for job in reaped:
            count_reaped(job)
            log.warning("job.reaped", job_id=str(job.id), attempt=job.attempt, status=job.status)
