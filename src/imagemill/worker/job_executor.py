"""The jobs that a worker holds: claimed by it and not ended yet."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import psycopg
import structlog

from imagemill.errors import Unavailable
from imagemill.failpoints import failpoint
from imagemill.jobs.job import (
    Claim,
    Completed,
    ErrorCode,
    Failed,
    JobError,
    JobId,
    backoff,
    is_final,
)
from imagemill.jobs.leases import JobLeases
from imagemill.postgres.retry import retry_until_available
from imagemill.storage.errors import StorageUnavailable
from imagemill.telemetry.metrics import FENCE_REJECTIONS, JOB_PROCESSING_SECONDS, RETRIES
from imagemill.telemetry.traces import current_span, record_span, start_span
from imagemill.worker.metrics import count_end
from imagemill.worker.result_batcher import ResultBatcher
from imagemill.worker.shared_exclusive_lock import SharedExclusiveLock

log = structlog.get_logger()

# A job given back for want of storage is not claimed again at once, or it would go in circles.
STORAGE_DELAY: Final = timedelta(seconds=5)
# Past the grace, what is being written down gets this long before the worker leaves regardless.
LAST_WORDS_SECONDS: Final = 5.0


@dataclass(slots=True)
class InFlightJob:
    """One job in hand. Its lease may be lost until its end is being recorded."""

    claim: Claim
    task: asyncio.Task[None] | None = None
    has_started: bool = False
    is_ending: bool = False


@dataclass(slots=True)
class JobExecutor:
    """Runs attempts, `concurrency` at once, and holds as many more ready to start."""

    leases: JobLeases
    run_attempt: Callable[[Claim], Awaitable[Completed | JobError]]
    discard_outputs: Callable[[Claim], Awaitable[None]]
    recorder: ResultBatcher
    concurrency: int
    storage_failed: asyncio.Event = field(default_factory=asyncio.Event)
    _held: dict[tuple[JobId, int], InFlightJob] = field(default_factory=dict)
    _gate: SharedExclusiveLock = field(default_factory=SharedExclusiveLock)
    _slots: asyncio.Semaphore = field(init=False)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.concurrency)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(held.claim for held in self._held.values())

    async def room(self, timeout_seconds: float) -> int:
        """Return how many more jobs fit, waiting a while for the first."""
        if not self._room():
            self._freed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await self._freed.wait()
        return self._room()

    def start(self, claims: Collection[Claim]) -> None:
        """Take these jobs in hand."""
        if claims:
            failpoint("jobs.claimed")
        for claim in claims:
            held = InFlightJob(claim)
            self._held[claim.id, claim.fence] = held
            held.task = asyncio.create_task(self._hold(held), name=f"job {claim.id}")

    def drop(self, ids: Collection[JobId]) -> None:
        """Stop the attempts at jobs whose leases are lost; nothing of them is recorded."""
        for held in self._held.values():
            if held.claim.id in ids and not held.is_ending and held.task:
                log.warning("job.lease_lost", **_facts(held.claim))
                held.task.cancel()

    async def drain(self, grace: timedelta) -> None:
        """Let go of everything: give back what has not started, finish what has within the grace.

        What is still running then is stopped and given back too, without using an attempt.
        """
        await self._give_back([held for held in self._held.values() if not held.has_started])
        await self._wait(grace.total_seconds())
        await self._give_back([held for held in self._held.values() if not held.is_ending])
        await self._wait(LAST_WORDS_SECONDS)

    def _room(self) -> int:
        return 2 * self.concurrency - len(self._held)

    async def _wait(self, seconds: float) -> None:
        tasks = [held.task for held in self._held.values() if held.task]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    async def _give_back(self, several: list[InFlightJob]) -> None:
        tasks = [held.task for held in several if held.task]
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        await asyncio.wait(tasks)
        failpoint("jobs.releasing")
        ids = [str(held.claim.id) for held in several]
        try:
            await self.leases.release([held.claim for held in several])
        except Unavailable as error:
            log.warning("jobs.not_released", job_ids=ids, reason=str(error))
        else:
            log.info("jobs.released", job_ids=ids)

    async def _hold(self, held: InFlightJob) -> None:
        claim = held.claim
        # This is the task of one job: whatever is logged in it, by whomever, is about that.
        structlog.contextvars.bind_contextvars(**_facts(claim))
        traced: dict[str, str | int] = {
            "imagemill.job.id": str(claim.id),
            "imagemill.job.attempt": claim.attempt,
        }
        wait = record_span("job.wait", claim.waited, parent=claim.traceparent, attributes=traced)
        parent = claim.traceparent or wait.traceparent
        try:
            with start_span("job.attempt", parent=parent, attributes=traced):
                await self._see_through(held)
        except asyncio.CancelledError:
            await self._discard(claim)
            raise
        finally:
            del self._held[claim.id, claim.fence]
            self._freed.set()

    async def _see_through(self, held: InFlightJob) -> None:
        claim = held.claim
        async with self._slots, self._gate.enter(alone=claim.needs_isolation):
            held.has_started = True
            outcome = await self._attempt(claim)
        if not isinstance(outcome, Completed):
            failure = outcome.code if isinstance(outcome, JobError) else type(outcome).__name__
            current_span().fail(failure)
        held.is_ending = True
        with start_span("job.record"):
            await self._end(claim, outcome)

    async def _attempt(self, claim: Claim) -> Completed | JobError | Unavailable:
        started = time.monotonic()
        log.info("job.started")
        try:
            return await self.run_attempt(claim)
        except Unavailable as error:
            return error
        except Exception:
            log.exception("job.bug")
            return JobError(ErrorCode.INTERNAL, "The worker met an error of its own.")
        finally:
            seconds = time.monotonic() - started
            JOB_PROCESSING_SECONDS.observe(seconds)
            log.debug("job.tried", seconds=round(seconds, 4))

    async def _end(self, claim: Claim, outcome: Completed | JobError | Unavailable) -> None:
        match outcome:
            case Completed():
                await self._complete(outcome)
            case JobError():
                await self._fail(claim, outcome)
            case Unavailable():
                self.storage_failed.set()
                log.warning("job.given_back", reason=str(outcome))
                await retry_until_available(lambda: self.leases.release([claim], STORAGE_DELAY))

    async def _complete(self, result: Completed) -> None:
        claim = result.claim
        try:
            was_ours = await self.recorder.record(result)
        except psycopg.Error:
            log.exception("job.not_recorded")
            await self._discard(claim)
            await self._fail(claim, JobError(ErrorCode.INTERNAL, "The result was not recorded."))
            return
        if was_ours:
            count_end(result)
            log.info("job.completed")
        else:
            FENCE_REJECTIONS.inc()
            log.warning("job.result_rejected")
            await self._discard(claim)

    async def _fail(self, claim: Claim, error: JobError) -> None:
        facts: dict[str, object] = {"code": error.code, "detail": error.detail}
        if is_final(claim, error.code):
            result = Failed(claim, error)
            was_ours = await self.recorder.record(result)
            if was_ours:
                count_end(result)
            event = "job.failed"
        else:
            failpoint("retry.recording")
            delay = backoff(claim.attempt, random.random())  # noqa: S311 - no secret
            was_ours = await retry_until_available(
                lambda: self.leases.retry_later(claim, error, delay)
            )
            if was_ours:
                RETRIES.labels(error.code).inc()
            event = "job.retried"
            facts["delay_seconds"] = round(delay.total_seconds(), 1)
        if not was_ours:
            FENCE_REJECTIONS.inc()
        log.info(event if was_ours else "job.result_rejected", **facts)

    async def _discard(self, claim: Claim) -> None:
        try:
            await self.discard_outputs(claim)
        except StorageUnavailable as error:
            log.warning("job.outputs_left", reason=str(error))


def _facts(claim: Claim) -> dict[str, object]:
    return {"job_id": str(claim.id), "attempt": claim.attempt}
