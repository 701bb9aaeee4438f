"""Any sequence of operations by clients and workers has the result that a simple model predicts.

The model knows each job's status, attempts, fence and worker, and is compared with PostgreSQL after
each step. No time passes: rules expire leases and end delays.
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
    """The expected state of a job. `worker` is that of the last claim."""

    max_attempts: int
    status: Status = Status.PENDING
    attempts: int = 0
    fence: int = 0
    worker: UUID | None = None
    is_due: bool = True
    is_lease_expired: bool = False
    history: tuple[Status, ...] = field(default=(Status.PENDING,))

    def becomes(self, status: Status, **changes: object) -> "Model":
        return replace(self, status=status, history=(*self.history, status), **changes)  # type: ignore[arg-type]  # as replace itself


class JobStoreMachine(RuleBasedStateMachine):
    """Clients and three workers on one PostgreSQL."""

    address: PostgresAddress

    jobs = Bundle("jobs")
    claims = Bundle("claims")
    worker = st.integers(0, WORKERS - 1)

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[JobId, Model] = {}
        self.loop = asyncio.Runner()
        self.connection = connect(self.address)
        self.connection.execute("TRUNCATE jobs, job_events CASCADE")
        self.opened = Postgres.open(self.address, pool_size=2)
        pool = self.run(self.opened.__aenter__())
        self.job_store = JobStore(pool)
        self.workers = [JobLeases(pool, uuid4(), timedelta(minutes=1)) for _ in range(WORKERS)]

    def teardown(self) -> None:
        self.run(self.opened.__aexit__(None, None, None))
        self.loop.close()
        self.connection.close()

    def run(self, step: Coroutine[object, object, R]) -> R:
        return self.loop.run(step)

    # Operations of clients.

    @rule(target=jobs, max_attempts=st.integers(1, 3))
    def accept(self, max_attempts: int) -> JobId:
        new = new_job(max_attempts=max_attempts)
        self.run(self.job_store.accept(new))
        self.run(self.job_store.accept(new))  # as after a lost result
        self.model[new.id] = Model(max_attempts)
        return new.id

    @rule(job_id=jobs)
    def cancel(self, job_id: JobId) -> None:
        job = self.model.get(job_id)
        if job is None:
            return
        with rejected_if(job.status in ENDED):
            self.run(self.job_store.cancel(job_id))
            self.model[job_id] = job.becomes(Status.CANCELED)

    @rule(job_id=jobs)
    def retry(self, job_id: JobId) -> None:
        job = self.model.get(job_id)
        if job is None:
            return
        with rejected_if(job.status not in {Status.FAILED, Status.CANCELED}):
            self.run(self.job_store.retry(job_id))
            self.model[job_id] = job.becomes(Status.PENDING, attempts=0, is_due=True)

    @rule(job_id=consumes(jobs))
    def delete(self, job_id: JobId) -> None:
        if self.model.pop(job_id, None) is not None:
            self.run(self.job_store.delete(job_id))

    # Operations of workers.

    @rule(target=claims, number=worker, ids=st.lists(jobs, max_size=4))
    def claim(self, number: int, ids: list[JobId]) -> MultipleResults[Claim]:
        due = {job_id for job_id in ids if self._is_due(job_id)}
        return self._claimed(number, self.run(self.workers[number].claim(ids)), due)

    @rule(target=claims, number=worker, limit=st.integers(1, 3))
    def sweep(self, number: int, limit: int) -> MultipleResults[Claim]:
        claimed = self.run(self.workers[number].sweep(limit, timedelta(0)))
        due = {job_id for job_id in self.model if self._is_due(job_id)}
        assert len(claimed) == min(limit, len(due))
        assert {claim.id for claim in claimed} <= due
        return self._claimed(number, claimed, {claim.id for claim in claimed})

    @rule(number=worker, claim=claims)
    def heartbeat(self, number: int, claim: Claim) -> None:
        lost = self.run(self.workers[number].heartbeat([claim]))
        assert lost == (frozenset() if self._is_claimed(number, claim) else {claim.id})
        if not lost:
            self.model[claim.id] = replace(self.model[claim.id], is_lease_expired=False)

    @rule(number=worker, claim=claims)
    def complete(self, number: int, claim: Claim) -> None:
        job = self.model.get(claim.id)
        # A result that was recorded already, with the same output, is a repetition.
        is_repeated = (
            job is not None and job.status is Status.COMPLETED and job.fence == claim.fence
        )
        is_claimed = self._is_claimed(number, claim)
        lost = self.run(self.workers[number].finish([completed(claim)]))
        assert lost == (frozenset() if is_claimed or is_repeated else {claim.id})
        if is_claimed:
            self.model[claim.id] = self.model[claim.id].becomes(Status.COMPLETED)

    @rule(number=worker, claim=claims)
    def fail(self, number: int, claim: Claim) -> None:
        is_claimed = self._is_claimed(number, claim)
        lost = self.run(self.workers[number].finish([failed(claim)]))
        assert lost == (frozenset() if is_claimed else {claim.id})
        if is_claimed:
            self.model[claim.id] = self.model[claim.id].becomes(Status.FAILED)

    @rule(number=worker, claim=claims)
    def release(self, number: int, claim: Claim) -> None:
        self.run(self.workers[number].release([claim]))
        if self._is_claimed(number, claim):
            job = self.model[claim.id]
            self.model[claim.id] = job.becomes(
                Status.PENDING, attempts=job.attempts - 1, is_due=True
            )

    @rule(number=worker, claim=claims)
    def retry_later(self, number: int, claim: Claim) -> None:
        error = JobError(ErrorCode.INTERNAL, "It failed.")
        is_claimed = self._is_claimed(number, claim)
        assert self.run(self.workers[number].retry_later(claim, error, LATER)) == is_claimed
        if is_claimed:
            self.model[claim.id] = self.model[claim.id].becomes(Status.PENDING, is_due=False)

    @rule(number=worker)
    def reap(self, number: int) -> None:
        reaped = {job.id: job.status for job in self.run(self.workers[number].reap())}
        expected = {}
        for job_id, job in self.model.items():
            if job.status is Status.PROCESSING and job.is_lease_expired:
                is_last = job.attempts >= job.max_attempts
                expected[job_id] = Status.FAILED if is_last else Status.PENDING
                self.model[job_id] = job.becomes(expected[job_id], is_due=False)
        assert reaped == expected

    # The passing of time.

    @precondition(lambda self: self.model)
    @rule(job_id=jobs)
    def expire_lease(self, job_id: JobId) -> None:
        job = self.model.get(job_id)
        if job is not None and job.status is Status.PROCESSING:
            self.connection.execute(
                "UPDATE jobs SET lease_expires_at = now() - interval '1 s' WHERE id = %s", [job_id]
            )
            self.model[job_id] = replace(job, is_lease_expired=True)

    @rule(job_id=jobs)
    def end_delay(self, job_id: JobId) -> None:
        job = self.model.get(job_id)
        if job is not None and job.status is Status.PENDING:
            self.connection.execute("UPDATE jobs SET run_at = now() WHERE id = %s", [job_id])
            self.model[job_id] = replace(job, is_due=True)

    # Invariants.

    @invariant()
    def the_table_equals_the_model(self) -> None:
        rows = self.connection.execute(
            "SELECT id, status, attempts, fence, locked_by FROM jobs"
        ).fetchall()
        found = {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}
        assert found == {
            job_id: (
                job.status,
                job.attempts,
                job.fence,
                job.worker if job.status is Status.PROCESSING else None,
            )
            for job_id, job in self.model.items()
        }

    @invariant()
    def the_history_has_every_change_and_no_other(self) -> None:
        rows = self.connection.execute(
            "SELECT job_id, status FROM job_events ORDER BY id"
        ).fetchall()
        found: dict[JobId, tuple[str, ...]] = {}
        for job_id, status in rows:
            found[job_id] = (*found.get(job_id, ()), status)
        assert found == {job_id: job.history for job_id, job in self.model.items()}

    def _is_due(self, job_id: JobId) -> bool:
        job = self.model.get(job_id)
        return job is not None and job.status is Status.PENDING and job.is_due

    def _is_claimed(self, number: int, claim: Claim) -> bool:
        job = self.model.get(claim.id)
        return (
            job is not None
            and job.status is Status.PROCESSING
            and (job.fence, job.worker) == (claim.fence, self.workers[number].worker)
        )

    def _claimed(
        self, number: int, claimed: tuple[Claim, ...], expected: set[JobId]
    ) -> MultipleResults[Claim]:
        assert sorted(claim.id for claim in claimed) == sorted(expected)
        for claim in claimed:
            job = self.model[claim.id]
            assert (claim.fence, claim.attempt) == (job.fence + 1, job.attempts + 1)
            self.model[claim.id] = job.becomes(
                Status.PROCESSING,
                attempts=job.attempts + 1,
                fence=job.fence + 1,
                worker=self.workers[number].worker,
                is_lease_expired=False,
            )
        return multiple(*claimed)


@contextmanager
def rejected_if(condition: bool) -> Iterator[None]:  # noqa: FBT001 - reads as a sentence
    if not condition:
        yield
        return
    with pytest.raises(IllegalTransition):
        yield


def test_any_sequence_of_operations_has_the_result_that_the_model_predicts(
    postgres_address: PostgresAddress,
) -> None:
    class Machine(JobStoreMachine):
        address = postgres_address

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
