"""Attempts at jobs that the test makes up, beside a real PostgreSQL."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from imagemill.jobs.job import Claim, Completed, ErrorCode, Job, JobError, JobId
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.worker.decide import Decision
from imagemill.worker.job_executor import JobExecutor
from support.jobs import new_job

TEST_TIMEOUT_SECONDS = 30.0  # only a failing test takes as long


BROKEN = JobError(ErrorCode.INVALID_IMAGE, "The image is broken.")


PASSING = JobError(ErrorCode.INTERNAL, "It may go well the next time.")


@dataclass(slots=True)
class Attempts:
    """Attempts that go on until the test ends them, and the outputs that were discarded."""

    started: list[JobId] = field(default_factory=list)
    discarded: list[JobId] = field(default_factory=list)
    discard_error: Exception | None = None
    _outcomes: dict[JobId, asyncio.Future[Completed | JobError]] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self, claim: Claim) -> Completed | JobError:
        self._outcomes[claim.id] = asyncio.get_running_loop().create_future()
        async with self._changed:
            self.started.append(claim.id)
            self._changed.notify_all()
        return await self._outcomes[claim.id]

    async def discard(self, claim: Claim) -> None:
        if self.discard_error:
            raise self.discard_error
        self.discarded.append(claim.id)

    async def wait_for_start(self, *claims: Claim) -> None:
        async with asyncio.timeout(TEST_TIMEOUT_SECONDS), self._changed:
            await self._changed.wait_for(lambda: {c.id for c in claims} <= {*self.started})

    def end(self, claim: Claim, outcome: Completed | JobError | Exception) -> None:
        future = self._outcomes[claim.id]
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs that this worker has claimed."""

    store: JobStore
    leases: JobLeases

    async def claim(self) -> Claim:
        job = await self.store.accept(new_job())
        (claim,) = await self.leases.claim([job.id])
        return claim

    async def claim_after_a_failure(self) -> Claim:
        first = await self.claim()
        await self.leases.retry_later(first, PASSING, timedelta(0))
        (claim,) = await self.leases.claim([first.id])
        return claim

    async def read(self, claim: Claim) -> Job:
        return await self.store.find(claim.id)


def job_tasks() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task.get_name().startswith("job ")}


async def wait_for_all() -> None:
    if tasks := job_tasks():
        done, pending = await asyncio.wait(tasks, timeout=TEST_TIMEOUT_SECONDS)
        assert not pending
        assert not any(task.exception() for task in done if not task.cancelled())


async def run_ready_tasks() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def hold_recording(executor: JobExecutor) -> tuple[asyncio.Event, asyncio.Event]:
    """Make each recording wait; return the events that it has begun and that it may go on."""
    record, has_begun, may_go_on = executor.record, asyncio.Event(), asyncio.Event()

    async def held(decision: Decision) -> bool:
        has_begun.set()
        await may_go_on.wait()
        return await record(decision)

    executor.record = held
    return has_begun, may_go_on


async def execute(
    executor: JobExecutor,
    attempts: Attempts,
    claim: Claim,
    outcome: Completed | JobError | Exception,
) -> None:
    executor.start([claim])
    await attempts.wait_for_start(claim)
    attempts.end(claim, outcome)
    await wait_for_all()
