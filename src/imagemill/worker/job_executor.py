"""Executor of claimed jobs: runs an attempt at each, decides what follows, and records it."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import psycopg
import structlog

from imagemill.errors import Unavailable
from imagemill.failpoints import failpoint
from imagemill.jobs.job import Claim, Completed, ErrorCode, Failed, JobError, JobId
from imagemill.jobs.leases import JobLeases
from imagemill.outages import STORAGE
from imagemill.periodic import Report, report_nothing
from imagemill.storage.errors import StorageUnavailable
from imagemill.worker.attempt_pace import AttemptPace
from imagemill.worker.decide import Decision, Outcome, Retry, decide
from imagemill.worker.shared_exclusive_lock import SharedExclusiveLock

log = structlog.get_logger()

# For how long jobs are held ready, as attempts go now. So short ones are claimed many at a time: a
# claim of one costs PostgreSQL as much as a claim of ten.
READY_SECONDS: Final = 0.1
# All jobs that a worker holds use up an attempt when it dies, and are held from other workers.
MAX_READY: Final = 32
SEVERAL: Final = 2
# How long the worker waits, after the grace time, for decisions that are being recorded.
RECORDING_TIMEOUT_SECONDS: Final = 5.0

NOT_RECORDED: Final = JobError(ErrorCode.INTERNAL, "The result was not recorded.")

RunAttempt = Callable[[Claim], Awaitable[Completed | JobError]]
RecordDecision = Callable[[Decision], Awaitable[bool]]
DiscardOutputs = Callable[[Claim], Awaitable[None]]
TraceJob = Callable[[Claim], AbstractContextManager[object]]


@dataclass(slots=True)
class InFlightJob:
    """A claimed job until its decision is recorded."""

    claim: Claim
    has_started: bool = False
    # If so, a lost lease is no reason to stop: the fence decides whose result counts.
    is_recording: bool = False


@dataclass(slots=True, kw_only=True)
class JobExecutor:
    """Runs up to `concurrency` attempts at once and holds more claims ready to start.

    One claim, or as many as will start soon where attempts are short; see READY_SECONDS.

    `run_attempt` raises Unavailable when the attempt is not to count. `record` returns whether the
    job was still this worker's; `discard_outputs` raises StorageUnavailable. How recording goes is
    told to `report`.
    """

    leases: JobLeases
    run_attempt: RunAttempt
    record: RecordDecision
    discard_outputs: DiscardOutputs
    concurrency: int
    trace_job: TraceJob = nullcontext
    draw: Callable[[], float] = random.random
    report: Report = report_nothing
    storage_failed: asyncio.Event = field(default_factory=asyncio.Event)
    _in_flight: dict[asyncio.Task[None], InFlightJob] = field(default_factory=dict)
    _isolation: SharedExclusiveLock = field(default_factory=SharedExclusiveLock)
    _attempt_slots: asyncio.Semaphore = field(init=False)
    _pace: AttemptPace = field(init=False)
    _slot_freed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._attempt_slots = asyncio.Semaphore(self.concurrency)
        self._pace = AttemptPace(self.concurrency)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(job.claim for job in self._in_flight.values())

    @property
    def free_slots(self) -> int:
        """How many more jobs can be started or held ready."""
        return self.concurrency + self._ready_slots - len(self._in_flight)

    @property
    def _ready_slots(self) -> int:
        return max(1, self._pace.expected_within(READY_SECONDS, MAX_READY))

    async def wait_for_free_slots(self, timeout_seconds: float) -> int:
        """Return the number of free slots, or 0 if after the timeout there are still too few.

        Enough is half of those for jobs held ready, so that not every job is claimed by itself.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while not self._has_enough_slots():
                    self._slot_freed.clear()
                    await self._slot_freed.wait()
        return self.free_slots if self._has_enough_slots() else 0

    def expects_results(self, seconds: float) -> bool:
        """Return whether several attempts will end within this time."""
        return (
            self._attempt_slots.locked()
            and self._pace.expected_within(seconds, MAX_READY) >= SEVERAL
        )

    def _has_enough_slots(self) -> bool:
        return 2 * self.free_slots >= self._ready_slots

    def start(self, claims: Collection[Claim]) -> None:
        """Execute these jobs in the background."""
        if claims:
            failpoint("jobs.claimed")
        for claim in claims:
            job = InFlightJob(claim)
            task = asyncio.create_task(self._run(job), name=f"job {claim.id}")
            self._in_flight[task] = job
            task.add_done_callback(self._free_slot)

    def drop(self, ids: Collection[JobId]) -> None:
        """Cancel the attempts at jobs whose leases are lost; nothing of them is recorded."""
        for task, job in self._in_flight.items():
            if job.claim.id in ids and not job.is_recording:
                log.warning("job.lease_lost", **_log_fields(job.claim))
                task.cancel()

    async def drain(self, grace: timedelta) -> None:
        """Release the jobs that have not started and finish the others within the grace time.

        Attempts that take longer are canceled and released too, and do not count.
        """
        await self._release(
            {task: job for task, job in self._in_flight.items() if not job.has_started}
        )
        await self._wait_for_all(grace.total_seconds())
        await self._release(
            {task: job for task, job in self._in_flight.items() if not job.is_recording}
        )
        await self._wait_for_all(RECORDING_TIMEOUT_SECONDS)

    async def _run(self, job: InFlightJob) -> None:
        # Every log event of this task is about this job, whichever module it comes from.
        structlog.contextvars.bind_contextvars(**_log_fields(job.claim))
        try:
            with self.trace_job(job.claim):
                await self._execute(job)
        except asyncio.CancelledError:
            if not job.is_recording:  # the result may be committed, and its outputs have to stay
                await self._discard(job.claim)
            raise
        except Exception:  # its lease expires, and the job goes to another worker, or this one
            log.exception("job.abandoned")

    async def _execute(self, job: InFlightJob) -> None:
        claim = job.claim
        async with self._attempt_slots, self._isolation.acquire(exclusive=claim.needs_isolation):
            job.has_started = True
            started = time.monotonic()
            outcome = await self._attempt(claim)
            self._pace.note(time.monotonic() - started)
        job.is_recording = True
        await self._record(decide(claim, outcome, self.draw()))

    async def _attempt(self, claim: Claim) -> Outcome:
        log.info("job.started")
        try:
            outcome = await self.run_attempt(claim)
        except Unavailable as error:
            self.storage_failed.set()
            if isinstance(error, StorageUnavailable):
                STORAGE.note_failure(error)
            return error
        except Exception:
            log.exception("job.bug")
            return JobError(ErrorCode.INTERNAL, "The worker failed with an internal error.")
        STORAGE.note_success()
        return outcome

    async def _record(self, decision: Decision) -> None:
        try:
            is_recorded = await self.record(decision)
        except Exception as error:
            if isinstance(error, psycopg.Error):
                self.report("results", error)
            if not self._may_record_instead(decision):
                raise
            log.exception("job.not_recorded")
            if isinstance(decision, Completed):
                await self._discard(decision.claim)
            await self._record(decide(decision.claim, NOT_RECORDED, self.draw()))
            return
        self.report("results", None)
        if isinstance(decision, Completed) and not is_recorded:
            await self._discard(decision.claim)

    def _may_record_instead(self, decision: Decision) -> bool:
        """Whether an error of ours may be recorded where the decision was rejected."""
        return isinstance(decision, Completed) or (
            isinstance(decision, Failed | Retry) and decision.error is not NOT_RECORDED
        )

    async def _discard(self, claim: Claim) -> None:
        try:
            await self.discard_outputs(claim)
        except StorageUnavailable as error:
            log.warning("job.outputs_left", reason=str(error))

    async def _release(self, jobs: Mapping[asyncio.Task[None], InFlightJob]) -> None:
        if not jobs:
            return
        for task in jobs:
            task.cancel()
        await asyncio.wait(jobs)
        failpoint("jobs.releasing")
        claims = [job.claim for job in jobs.values()]
        ids = [str(claim.id) for claim in claims]
        try:
            await self.leases.release(claims)
        except Exception as error:  # noqa: BLE001 - the leases expire
            log.warning("jobs.not_released", job_ids=ids, reason=str(error))
        else:
            log.info("jobs.released", job_ids=ids)

    async def _wait_for_all(self, timeout_seconds: float) -> None:
        if self._in_flight:
            await asyncio.wait([*self._in_flight], timeout=timeout_seconds)

    def _free_slot(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        self._slot_freed.set()


def _log_fields(claim: Claim) -> dict[str, object]:
    return {"job_id": str(claim.id), "attempt": claim.attempt}
