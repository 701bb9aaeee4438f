"""Whatever clients and workers do, in whatever order, the ledger does as a dictionary would.

The model knows each job's status, attempts, fence and holder; PostgreSQL is asked after each step.
Time is no part of it: a rule lets a lease be over or a delay pass.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from imagemill.jobs.job import (
    ENDED,
    Claim,
    ErrorCode,
    IllegalTransition,
    JobError,
    JobId,
    Status,
)
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from support.jobs import completed, failed, new_job
from support.servers import connect

LATER = timedelta(hours=1)
WORKERS = 3

R = TypeVar("R")


@dataclass(frozen=True)
class Model:
    """A job as it should be. `holder` is the worker whose claim is the last one."""

    max_attempts: int
    status: Status = Status.PENDING
    attempts: int = 0
    fence: int = 0
    holder: UUID | None = None
    is_due: bool = True
    lease_is_over: bool = False
    history: tuple[Status, ...] = field(default=(Status.PENDING,))

    def becomes(self, status: Status, **changes: object) -> "Model":
        return replace(self, status=status, history=(*self.history, status), **changes)  # type: ignore[arg-type]  # as replace itself


class Ledgers(RuleBasedStateMachine):
    """Clients and three workers on one PostgreSQL."""

    address: PostgresAddress

    jobs = Bundle("jobs")
    claims = Bundle("claims")
    worker = st.integers(0, WORKERS - 1)

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[JobId, Model] = {}
        self.loop = asyncio.Runner()
        self.behind = connect(self.address)
        self.behind.execute("TRUNCATE jobs CASCADE")
        self.opened = Postgres.open(self.address, pool_size=2)
        pool = self.run(self.opened.__aenter__())
        self.job_store = JobStore(pool)
        self.workers = [JobLeases(pool, uuid4(), timedelta(minutes=1)) for _ in range(WORKERS)]

    def teardown(self) -> None:
        self.run(self.opened.__aexit__(None, None, None))
        self.loop.close()
        self.behind.close()

    def run(self, step: Coroutine[object, object, R]) -> R:
        return self.loop.run(step)

    # What clients do.

    @rule(target=jobs, max_attempts=st.integers(1, 3))
    def accept(self, max_attempts: int) -> JobId:
        new = new_job(max_attempts=max_attempts)
        self.run(self.job_store.accept(new))
        self.run(self.job_store.accept(new))  # as after an answer that was lost
        self.model[new.id] = Model(max_attempts)
        return new.id

    @rule(job_id=jobs)
    def cancel(self, job_id: JobId) -> None:
        job = self.model.get(job_id)
        if job is None:
            return
        with refused_if(job.status in ENDED):
            self.run(self.job_store.cancel(job_id))
            self.model[job_id] = job.becomes(Status.CANCELED)

    @rule(job_id=jobs)
    def retry(self, job_id: JobId) -> None:
        job = self.model.get(job_id)
        if job is None:
            return
        with refused_if(job.status not in {Status.FAILED, Status.CANCELED}):
            self.run(self.job_store.retry(job_id))
            self.model[job_id] = job.becomes(Status.PENDING, attempts=0, is_due=True)

    @rule(job_id=consumes(jobs))
    def delete(self, job_id: JobId) -> None:
        if self.model.pop(job_id, None) is not None:
            self.run(self.job_store.delete(job_id))

    # What workers do.

    @rule(target=claims, number=worker, ids=st.lists(jobs, max_size=4))
    def claim(self, number: int, ids: list[JobId]) -> MultipleResults[Claim]:
        due = {job_id for job_id in ids if self._waits(job_id)}
        return self._claimed(number, self.run(self.workers[number].claim(ids)), due)

    @rule(target=claims, number=worker, limit=st.integers(1, 3))
    def sweep(self, number: int, limit: int) -> MultipleResults[Claim]:
        taken = self.run(self.workers[number].sweep(limit, timedelta(0)))
        due = {job_id for job_id in self.model if self._waits(job_id)}
        assert len(taken) == min(limit, len(due))
        assert {claim.id for claim in taken} <= due
        return self._claimed(number, taken, {claim.id for claim in taken})

    @rule(number=worker, claim=claims)
    def heartbeat(self, number: int, claim: Claim) -> None:
        lost = self.run(self.workers[number].heartbeat([claim]))
        assert lost == (frozenset() if self._holds(number, claim) else {claim.id})
        if not lost:
            self.model[claim.id] = replace(self.model[claim.id], lease_is_over=False)

    @rule(number=worker, claim=claims)
    def complete(self, number: int, claim: Claim) -> None:
        job = self.model.get(claim.id)
        # An end that was recorded already, with this very output, is a repetition.
        is_repeated = (
            job is not None and job.status is Status.COMPLETED and job.fence == claim.fence
        )
        holds = self._holds(number, claim)
        lost = self.run(self.workers[number].finish([completed(claim)]))
        assert lost == (frozenset() if holds or is_repeated else {claim.id})
        if holds:
            self.model[claim.id] = self.model[claim.id].becomes(Status.COMPLETED)

    @rule(number=worker, claim=claims)
    def fail(self, number: int, claim: Claim) -> None:
        holds = self._holds(number, claim)
        lost = self.run(self.workers[number].finish([failed(claim)]))
        assert lost == (frozenset() if holds else {claim.id})
        if holds:
            self.model[claim.id] = self.model[claim.id].becomes(Status.FAILED)

    @rule(number=worker, claim=claims)
    def give_back(self, number: int, claim: Claim) -> None:
        self.run(self.workers[number].release([claim]))
        if self._holds(number, claim):
            job = self.model[claim.id]
            self.model[claim.id] = job.becomes(
                Status.PENDING, attempts=job.attempts - 1, is_due=True
            )

    @rule(number=worker, claim=claims)
    def try_later(self, number: int, claim: Claim) -> None:
        error = JobError(ErrorCode.INTERNAL, "It failed.")
        holds = self._holds(number, claim)
        assert self.run(self.workers[number].retry_later(claim, error, LATER)) == holds
        if holds:
            self.model[claim.id] = self.model[claim.id].becomes(Status.PENDING, is_due=False)

    @rule(number=worker)
    def reap(self, number: int) -> None:
        reaped = {job.id: job.status for job in self.run(self.workers[number].reap())}
        expected = {}
        for job_id, job in self.model.items():
            if job.status is Status.PROCESSING and job.lease_is_over:
                is_last = job.attempts >= job.max_attempts
                expected[job_id] = Status.FAILED if is_last else Status.PENDING
                self.model[job_id] = job.becomes(expected[job_id], is_due=False)
        assert reaped == expected

    # What time does.

    @precondition(lambda self: self.model)
    @rule(job_id=jobs)
    def a_lease_is_over(self, job_id: JobId) -> None:
        job = self.model.get(job_id)
        if job is not None and job.status is Status.PROCESSING:
            self.behind.execute(
                "UPDATE jobs SET lease_expires_at = now() - interval '1 s' WHERE id = %s", [job_id]
            )
            self.model[job_id] = replace(job, lease_is_over=True)

    @rule(job_id=jobs)
    def a_delay_passes(self, job_id: JobId) -> None:
        job = self.model.get(job_id)
        if job is not None and job.status is Status.PENDING:
            self.behind.execute("UPDATE jobs SET run_at = now() WHERE id = %s", [job_id])
            self.model[job_id] = replace(job, is_due=True)

    # What always holds.

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        rows = self.behind.execute(
            "SELECT id, status, attempts, fence, locked_by FROM jobs"
        ).fetchall()
        said = {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}
        assert said == {
            job_id: (
                job.status,
                job.attempts,
                job.fence,
                job.holder if job.status is Status.PROCESSING else None,
            )
            for job_id, job in self.model.items()
        }

    @invariant()
    def the_history_tells_every_change_and_no_other(self) -> None:
        rows = self.behind.execute("SELECT job_id, status FROM job_events ORDER BY id").fetchall()
        told: dict[JobId, tuple[str, ...]] = {}
        for job_id, status in rows:
            told[job_id] = (*told.get(job_id, ()), status)
        assert told == {job_id: job.history for job_id, job in self.model.items()}

    def _waits(self, job_id: JobId) -> bool:
        job = self.model.get(job_id)
        return job is not None and job.status is Status.PENDING and job.is_due

    def _holds(self, number: int, claim: Claim) -> bool:
        job = self.model.get(claim.id)
        return (
            job is not None
            and job.status is Status.PROCESSING
            and (job.fence, job.holder) == (claim.fence, self.workers[number].worker)
        )

    def _claimed(
        self, number: int, taken: tuple[Claim, ...], expected: set[JobId]
    ) -> MultipleResults[Claim]:
        assert sorted(claim.id for claim in taken) == sorted(expected)
        for claim in taken:
            job = self.model[claim.id]
            assert (claim.fence, claim.attempt) == (job.fence + 1, job.attempts + 1)
            self.model[claim.id] = job.becomes(
                Status.PROCESSING,
                attempts=job.attempts + 1,
                fence=job.fence + 1,
                holder=self.workers[number].worker,
                lease_is_over=False,
            )
        return multiple(*taken)


@contextmanager
def refused_if(condition: bool) -> Iterator[None]:  # noqa: FBT001 - reads as a sentence
    if not condition:
        yield
        return
    with pytest.raises(IllegalTransition):
        yield


def test_the_ledger_does_what_a_dictionary_would(postgres_address: PostgresAddress) -> None:
    class Here(Ledgers):
        address = postgres_address

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
