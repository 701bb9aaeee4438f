"""What a job waits for, in a sentence for whoever has to know it at night. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from imagemill.formatting import format_duration, pluralize
from imagemill.jobs.job import ENDED, Job, JobError, Status

# Workers ask the ledger every few seconds. When jobs have been due for this long, none was taken
# and none is being processed, there may be no worker.
SILENCE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Before:
    """The due jobs that come before one in line; unless `is_all`, there may be more of them.

    `due_since` is when the first of them, or else the job itself, was due.
    """

    count: int
    is_all: bool
    due_since: datetime


@dataclass(frozen=True, slots=True)
class Workers:
    """What is seen of workers: when one last took a job, if it is known; whether any has one."""

    last_claim: datetime | None
    are_busy: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """A job and what it depends on, at one moment of the database's clock.

    `before` is there while the job waits in line, `holder` and `lease_expires_at` while it is
    processed, and `last_error` until it is COMPLETED.
    """

    now: datetime
    job: Job
    last_error: JobError | None
    holder: UUID | None
    lease_expires_at: datetime | None
    last_heartbeat: datetime | None
    before: Before | None
    workers: Workers


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a job waits for; what does not apply is None.

    `place_in_line` counts from 1, and no further than `Before` does.
    """

    summary: str
    place_in_line: int | None
    holder: UUID | None
    last_heartbeat: datetime | None
    next_try_at: datetime | None
    last_error: JobError | None


def explain(found: Situation) -> Explanation:
    """Return what the job waits for, for every status that it may have."""
    job = found.job
    is_held = job.status is Status.PROCESSING
    waits_its_time = job.status is Status.PENDING and found.before is None
    return Explanation(
        summary=f"{_what_it_waits_for(found)}.",
        place_in_line=found.before.count + 1 if found.before else None,
        holder=found.holder,
        last_heartbeat=found.last_heartbeat if is_held else None,
        next_try_at=job.run_at if waits_its_time else None,
        last_error=found.last_error,
    )


def _what_it_waits_for(found: Situation) -> str:
    if found.job.status in ENDED:
        return _ended(found.job)
    if found.job.status is Status.PROCESSING:
        return _processing(found)
    if found.before is not None:
        return _in_line(found, found.before)
    return _until_its_time(found)


def _in_line(found: Situation, before: Before) -> str:
    count = pluralize(before.count, "job")
    place = f"It waits in line behind {count}{'' if before.is_all else ' or more'}"
    if before.count == 0 and before.is_all:
        place = "It is the next in line"
    return f"{place}{_silence(found, before)}{_failure(found)}"


def _silence(found: Situation, before: Before) -> str:
    """Return a clause on the workers, if there were jobs to take and nobody took or has any."""
    last_claim = found.workers.last_claim
    idle_since = max(before.due_since, last_claim or before.due_since)
    if found.workers.are_busy or found.now - idle_since < SILENCE:
        return ""
    if last_claim is None:
        idle = format_duration(found.now - idle_since)
        nobody = f"no worker has taken a job, the first due {idle} ago"
    else:
        nobody = f"no worker has taken a job for {format_duration(found.now - last_claim)}"
    return f", and {nobody} (is one running?)"


def _until_its_time(found: Situation) -> str:
    run_at = found.job.run_at
    why = _failure(found) or "; it was given back, and no attempt used"
    wait = format_duration(run_at - found.now)
    return f"It waits for its next try in {wait}, at {_clock(run_at)}{why}"


def _processing(found: Situation) -> str:
    job = found.job
    attempt = f"attempt {job.attempts} of {job.max_attempts}"
    overdue = found.now - found.lease_expires_at if found.lease_expires_at else timedelta()
    if overdue <= timedelta():
        return (
            f"Worker {found.holder} is at work on it, {attempt}, last heard of"
            f" {_ago(found)}{_failure(found)}"
        )
    then = "be FAILED" if job.attempts >= job.max_attempts else "be tried again"
    return (
        f"Worker {found.holder}, at work on it in {attempt}, went silent {_ago(found)}; its lease"
        f" ran out {format_duration(overdue)} ago, and the job will {then} once a worker notices"
    )


def _ago(found: Situation) -> str:
    heard = found.last_heartbeat or found.job.updated_at
    return f"{format_duration(found.now - heard)} ago"


def _ended(job: Job) -> str:
    at = _clock(job.completed_at or job.updated_at)
    attempts = f"after {job.attempts} of {pluralize(job.max_attempts, 'attempt')}"
    if job.error:
        why = f"{job.error.code}: {_clause(job.error.detail)}"
        return f"It failed for good at {at}, {attempts}, as {why}"
    return f"It was {job.status.lower()} at {at}, {attempts}, and waits for nothing"


def _failure(found: Situation) -> str:
    """Return a clause on the last attempt that failed, if one did."""
    if found.last_error is None:
        return ""
    job = found.job
    failed = job.attempts - 1 if job.status is Status.PROCESSING else job.attempts
    why = f"{found.last_error.code}: {_clause(found.last_error.detail)}"
    return f"; attempt {failed} of {job.max_attempts} failed as {why}"


def _clause(sentence: str) -> str:
    return sentence.removesuffix(".")


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
