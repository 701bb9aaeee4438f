"""What is said of a job in every situation that it may be in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from imagemill.jobs.explanation import Before, Situation, Workers, explain
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


IN_LINE = Situation(
    now=NOW,
    job=JOB,
    last_error=None,
    holder=None,
    lease_expires_at=None,
    last_heartbeat=None,
    before=Before(count=12, is_all=True, due_since=ago(30)),
    workers=Workers(last_claim=ago(3), are_busy=True),
)
NEXT = replace(IN_LINE, before=Before(0, is_all=True, due_since=NOW))
HELD = replace(
    IN_LINE,
    job=replace(JOB, status=Status.PROCESSING, attempts=1),
    holder=WORKER,
    lease_expires_at=NOW + timedelta(seconds=57),
    last_heartbeat=ago(3),
    before=None,
)
PUT_OFF = replace(
    IN_LINE, job=replace(JOB, attempts=1, run_at=NOW + timedelta(seconds=12)), before=None
)


def idle(last_claim: datetime | None, due_since: datetime) -> Situation:
    return replace(
        IN_LINE,
        before=Before(12, is_all=True, due_since=due_since),
        workers=Workers(last_claim, are_busy=False),
    )


def ended(status: Status, error: JobError | None = None) -> Situation:
    job = replace(JOB, status=status, attempts=2, error=error, completed_at=NOW)
    return replace(IN_LINE, job=job, before=None, last_error=error, last_heartbeat=ago(3))


@pytest.mark.parametrize(
    ("situation", "summary"),
    [
        (NEXT, "It is the next in line."),
        (IN_LINE, "It waits in line behind 12 jobs."),
        (replace(IN_LINE, before=Before(1, True, NOW)), "It waits in line behind 1 job."),  # noqa: FBT003
        (
            replace(IN_LINE, before=Before(10_000, False, NOW)),  # noqa: FBT003
            "It waits in line behind 10,000 jobs or more.",
        ),
        (
            replace(NEXT, job=replace(JOB, attempts=2), last_error=TIMED_OUT),
            (
                "It is the next in line; attempt 2 of 3 failed as timed_out: The picture took"
                " longer than 60 s."
            ),
        ),
        (
            idle(last_claim=ago(300), due_since=ago(280)),
            (
                "It waits in line behind 12 jobs, and no worker has taken a job for 5 minutes (is"
                " one running?)."
            ),
        ),
        (
            idle(last_claim=None, due_since=ago(130)),
            (
                "It waits in line behind 12 jobs, and no worker has taken a job, the first due 2"
                " minutes ago (is one running?)."
            ),
        ),
        (idle(last_claim=ago(40_000), due_since=ago(5)), "It waits in line behind 12 jobs."),
        (idle(last_claim=ago(5), due_since=ago(40_000)), "It waits in line behind 12 jobs."),
        (
            replace(idle(ago(300), ago(300)), workers=Workers(ago(300), are_busy=True)),
            "It waits in line behind 12 jobs.",
        ),
        (
            replace(PUT_OFF, last_error=TIMED_OUT),
            (
                "It waits for its next try in 12 seconds, at 2026-11-24 03:14:27 UTC; attempt 1 of"
                " 3 failed as timed_out: The picture took longer than 60 s."
            ),
        ),
        (
            PUT_OFF,
            (
                "It waits for its next try in 12 seconds, at 2026-11-24 03:14:27 UTC; it was given"
                " back, and no attempt used."
            ),
        ),
        (HELD, f"Worker {WORKER} is at work on it, attempt 1 of 3, last heard of 3 seconds ago."),
        (
            replace(HELD, job=replace(HELD.job, attempts=2), last_error=TIMED_OUT),
            (
                f"Worker {WORKER} is at work on it, attempt 2 of 3, last heard of 3 seconds ago;"
                " attempt 1 of 3 failed as timed_out: The picture took longer than 60 s."
            ),
        ),
        (
            replace(HELD, lease_expires_at=ago(5), last_heartbeat=ago(65)),
            (
                f"Worker {WORKER}, at work on it in attempt 1 of 3, went silent 65 seconds ago; its"
                " lease ran out 5 seconds ago, and the job will be tried again once a worker"
                " notices."
            ),
        ),
        (
            replace(HELD, job=replace(HELD.job, attempts=3), lease_expires_at=ago(1)),
            (
                f"Worker {WORKER}, at work on it in attempt 3 of 3, went silent 3 seconds ago; its"
                " lease ran out 1 second ago, and the job will be FAILED once a worker"
                " notices."
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
                "It failed for good at 2026-11-24 03:14:15 UTC, after 2 of 3 attempts, as"
                " timed_out: The picture took longer than 60 s."
            ),
        ),
    ],
)
def test_each_situation_has_its_sentence(situation: Situation, summary: str) -> None:
    assert explain(situation).summary == summary


def test_a_place_is_told_in_line_alone_and_a_holder_while_it_is_held() -> None:
    assert [explain(one).place_in_line for one in (NEXT, IN_LINE, HELD, PUT_OFF)] == [
        *(1, 13),
        *(None, None),
    ]
    assert (explain(HELD).holder, explain(HELD).last_heartbeat) == (WORKER, ago(3))
    assert explain(ended(Status.COMPLETED)).last_heartbeat is None
    assert explain(PUT_OFF).next_try_at == PUT_OFF.job.run_at
    assert [explain(one).next_try_at for one in (NEXT, HELD, ended(Status.FAILED))] == [None] * 3
    assert explain(replace(HELD, last_error=TIMED_OUT)).last_error == TIMED_OUT
