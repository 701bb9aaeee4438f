"""The explanation of a job in each state that it may be in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from imagemill.jobs.explanation import JobContext, JobsAhead, WorkerActivity, explain
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import ErrorCode, InputFacts, Job, JobError, Priority, Status

NOW = datetime(2026, 11, 24, 3, 14, 15, tzinfo=UTC)
WORKER = UUID(int=7)
TIMED_OUT = JobError(ErrorCode.TIMED_OUT, "The picture took longer than 60 s.")
JOB = Job(
    id=new_job_id(),
    status=Status.PENDING,
    input_path="inputs/abc/cat.jpg",
    output_path=None,
    input=InputFacts("cat.jpg", "image/jpeg", 3, "ab" * 32),
    pipeline={},
    outputs=(),
    analysis=None,
    error=None,
    priority=Priority.NORMAL,
    metadata={},
    attempts=0,
    max_attempts=3,
    created_at=NOW,
    run_at=NOW,
    started_at=None,
    completed_at=None,
    updated_at=NOW,
)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


QUEUED = JobContext(
    now=NOW,
    job=JOB,
    last_error=None,
    holder=None,
    lease_expires_at=None,
    last_heartbeat=None,
    ahead=JobsAhead(count=12, is_exact=True, oldest_due_at=ago(30)),
    workers=WorkerActivity(live=2, last_seen_at=ago(8), last_claim_at=ago(3), is_any_busy=True),
)
NEXT = replace(QUEUED, ahead=JobsAhead(0, is_exact=True, oldest_due_at=NOW))
PROCESSING = replace(
    QUEUED,
    job=replace(JOB, status=Status.PROCESSING, attempts=1),
    holder=WORKER,
    lease_expires_at=NOW + timedelta(seconds=57),
    last_heartbeat=ago(3),
    ahead=None,
)
DELAYED = replace(
    QUEUED, job=replace(JOB, attempts=1, run_at=NOW + timedelta(seconds=12)), ahead=None
)


def idle(last_claim_at: datetime | None, oldest_due_at: datetime) -> JobContext:
    return replace(
        QUEUED,
        ahead=JobsAhead(12, is_exact=True, oldest_due_at=oldest_due_at),
        workers=replace(QUEUED.workers, last_claim_at=last_claim_at, is_any_busy=False),
    )


def without_workers(context: JobContext, last_seen_at: datetime | None) -> JobContext:
    return replace(context, workers=WorkerActivity(0, last_seen_at, ago(300), is_any_busy=False))


def ended(status: Status, error: JobError | None = None) -> JobContext:
    job = replace(JOB, status=status, attempts=2, error=error, completed_at=NOW)
    return replace(QUEUED, job=job, ahead=None, last_error=error, last_heartbeat=ago(3))


@pytest.mark.parametrize(
    ("context", "summary"),
    [
        (NEXT, "It is next in the queue."),
        (QUEUED, "It waits in the queue behind 12 jobs."),
        (replace(QUEUED, ahead=JobsAhead(1, True, NOW)), "It waits in the queue behind 1 job."),  # noqa: FBT003
        (
            replace(QUEUED, ahead=JobsAhead(10_000, False, NOW)),  # noqa: FBT003
            "It waits in the queue behind 10,000 jobs or more.",
        ),
        (
            replace(NEXT, job=replace(JOB, attempts=2), last_error=TIMED_OUT),
            (
                "It is next in the queue; attempt 2 of 3 failed with timed_out: The picture took"
                " longer than 60 s."
            ),
        ),
        (
            idle(last_claim_at=ago(300), oldest_due_at=ago(280)),
            (
                "It waits in the queue behind 12 jobs, and no worker has claimed a job for"
                " 5 minutes, although 2 workers run: read their logs."
            ),
        ),
        (
            idle(last_claim_at=None, oldest_due_at=ago(130)),
            (
                "It waits in the queue behind 12 jobs, and no worker has claimed a job"
                " since the first was due, 2 minutes ago, although 2 workers run: read their logs."
            ),
        ),
        (
            idle(last_claim_at=ago(40_000), oldest_due_at=ago(5)),
            "It waits in the queue behind 12 jobs.",
        ),
        (
            idle(last_claim_at=ago(5), oldest_due_at=ago(40_000)),
            "It waits in the queue behind 12 jobs.",
        ),
        (
            replace(
                idle(ago(300), ago(300)), workers=replace(QUEUED.workers, last_claim_at=ago(300))
            ),
            "It waits in the queue behind 12 jobs.",
        ),
        (
            without_workers(NEXT, None),
            "It is next in the queue; no worker runs, start one.",
        ),
        (
            without_workers(idle(ago(300), ago(280)), ago(240)),
            (
                "It waits in the queue behind 12 jobs; no worker runs, start one (the last was seen"
                " 4 minutes ago)."
            ),
        ),
        (
            without_workers(DELAYED, ago(240)),
            (
                "It waits for its next attempt, in 12 seconds at 2026-11-24 03:14:27 UTC; its last"
                " attempt was released and is not counted; no worker runs, start one (the last was"
                " seen 4 minutes ago)."
            ),
        ),
        (without_workers(ended(Status.CANCELED), None), explain(ended(Status.CANCELED)).summary),
        (
            replace(DELAYED, last_error=TIMED_OUT),
            (
                "It waits for its next attempt, in 12 seconds at 2026-11-24 03:14:27 UTC; attempt"
                " 1 of 3 failed with timed_out: The picture took longer than 60 s."
            ),
        ),
        (
            DELAYED,
            (
                "It waits for its next attempt, in 12 seconds at 2026-11-24 03:14:27 UTC; its last"
                " attempt was released and is not counted."
            ),
        ),
        (
            PROCESSING,
            f"Worker {WORKER} is processing it, attempt 1 of 3, last heartbeat 3 seconds ago.",
        ),
        (
            replace(PROCESSING, job=replace(PROCESSING.job, attempts=2), last_error=TIMED_OUT),
            (
                f"Worker {WORKER} is processing it, attempt 2 of 3, last heartbeat 3 seconds ago;"
                " attempt 1 of 3 failed with timed_out: The picture took longer than 60 s."
            ),
        ),
        (
            replace(PROCESSING, lease_expires_at=ago(5), last_heartbeat=ago(65)),
            (
                f"Worker {WORKER} was processing it, attempt 1 of 3, last heartbeat 65 seconds ago;"
                " its lease expired 5 seconds ago, and the job will be retried as soon as another"
                " worker reaps it."
            ),
        ),
        (
            without_workers(replace(PROCESSING, lease_expires_at=ago(5)), ago(65)),
            (
                f"Worker {WORKER} was processing it, attempt 1 of 3, last heartbeat 3 seconds ago;"
                " its lease expired 5 seconds ago, and the job will be retried as soon as another"
                " worker reaps it; no worker runs, start one (the last was seen 65 seconds ago)."
            ),
        ),
        (
            replace(PROCESSING, job=replace(PROCESSING.job, attempts=3), lease_expires_at=ago(1)),
            (
                f"Worker {WORKER} was processing it, attempt 3 of 3, last heartbeat 3 seconds ago;"
                " its lease expired 1 second ago, and the job will fail as soon as another"
                " worker reaps it."
            ),
        ),
        (
            ended(Status.COMPLETED),
            (
                "It was completed at 2026-11-24 03:14:15 UTC, after 2 of 3 attempts, and waits for"
                " nothing."
            ),
        ),
        (
            ended(Status.CANCELED),
            (
                "It was canceled at 2026-11-24 03:14:15 UTC, after 2 of 3 attempts, and waits for"
                " nothing."
            ),
        ),
        (
            ended(Status.FAILED, TIMED_OUT),
            (
                "It failed at 2026-11-24 03:14:15 UTC, after 2 of 3 attempts, with"
                " timed_out: The picture took longer than 60 s."
            ),
        ),
    ],
)
def test_each_state_has_its_summary(context: JobContext, summary: str) -> None:
    assert explain(context).summary == summary


def test_only_a_queued_job_has_a_position_and_only_a_processed_one_a_holder() -> None:
    assert [explain(one).place_in_line for one in (NEXT, QUEUED, PROCESSING, DELAYED)] == [
        *(1, 13),
        *(None, None),
    ]
    assert (explain(PROCESSING).holder, explain(PROCESSING).last_heartbeat) == (WORKER, ago(3))
    assert explain(ended(Status.COMPLETED)).last_heartbeat is None
    assert explain(DELAYED).next_try_at == DELAYED.job.run_at
    assert [explain(one).next_try_at for one in (NEXT, PROCESSING, ended(Status.FAILED))] == [
        None
    ] * 3
    assert explain(replace(PROCESSING, last_error=TIMED_OUT)).last_error == TIMED_OUT
