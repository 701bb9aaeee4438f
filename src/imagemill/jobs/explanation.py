"""What a job is waiting for, in one sentence and in the facts that it is made of. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from imagemill.formatting import format_duration, pluralize
from imagemill.jobs.job import ENDED, Job, JobError, Status

# Workers look for due jobs every few seconds. When jobs have been due for this long, and none was
# claimed and none is being processed, something keeps them from it.
IDLE_TIMEOUT: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class JobsAhead:
    """The due jobs ahead of a job in the queue. Unless `is_exact`, there may be more than `count`.

    `oldest_due_at` is when the first of them was due, or the job itself if none is ahead.
    """

    count: int
    is_exact: bool
    oldest_due_at: datetime


@dataclass(frozen=True, slots=True)
class WorkerActivity:
    """How many workers are live, and what is known of what they did.

    `last_seen_at` is when any of them, or one that was lost, was last seen; `last_claim_at` when a
    job was last claimed; `is_any_busy` whether one is being processed.
    """

    live: int
    last_seen_at: datetime | None
    last_claim_at: datetime | None
    is_any_busy: bool


@dataclass(frozen=True, slots=True)
class JobContext:
    """A job and what it depends on, at one moment of PostgreSQL's clock.

    `ahead` is given while the job is due, `holder` (a worker) and `lease_expires_at` while it is
    PROCESSING, and `last_error` until it is COMPLETED.
    """

    now: datetime
    job: Job
    last_error: JobError | None
    holder: UUID | None
    lease_expires_at: datetime | None
    last_heartbeat: datetime | None
    ahead: JobsAhead | None
    workers: WorkerActivity


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a job is waiting for; what does not apply is None.

    `place_in_line` is the job's position in the queue, from 1, as far as JobsAhead counts.
    """

    summary: str
    place_in_line: int | None
    holder: UUID | None
    last_heartbeat: datetime | None
    next_try_at: datetime | None
    last_error: JobError | None


def explain(context: JobContext) -> Explanation:
    """Return what the job is waiting for, whatever its status."""
    job = context.job
    is_processing = job.status is Status.PROCESSING
    is_delayed = job.status is Status.PENDING and context.ahead is None
    return Explanation(
        summary=f"{_summarize(context)}.",
        place_in_line=context.ahead.count + 1 if context.ahead else None,
        holder=context.holder,
        last_heartbeat=context.last_heartbeat if is_processing else None,
        next_try_at=job.run_at if is_delayed else None,
        last_error=context.last_error,
    )


def _summarize(context: JobContext) -> str:
    if context.job.status in ENDED:
        return _describe_end(context.job)
    if context.job.status is Status.PROCESSING:
        return _describe_attempt(context)
    wait = (
        _describe_delay(context)
        if context.ahead is None
        else _describe_position(context, context.ahead)
    )
    return f"{wait}{_describe_last_error(context)}{_describe_absence(context)}"


def _describe_position(context: JobContext, ahead: JobsAhead) -> str:
    count = pluralize(ahead.count, "job")
    position = f"It waits in the queue behind {count}{'' if ahead.is_exact else ' or more'}"
    if ahead.count == 0 and ahead.is_exact:
        position = "It is next in the queue"
    return f"{position}{_describe_idleness(context, ahead)}"


def _describe_idleness(context: JobContext, ahead: JobsAhead) -> str:
    """Return a clause on live workers that claim nothing although jobs have been due."""
    live, last_claim_at = context.workers.live, context.workers.last_claim_at
    idle_since = max(ahead.oldest_due_at, last_claim_at or ahead.oldest_due_at)
    is_idle = not context.workers.is_any_busy and context.now - idle_since >= IDLE_TIMEOUT
    if not live or not is_idle:
        return ""
    if last_claim_at is None:
        idle_time = format_duration(context.now - idle_since)
        clause = f"no worker has claimed a job since the first was due, {idle_time} ago"
    else:
        idle_time = format_duration(context.now - last_claim_at)
        clause = f"no worker has claimed a job for {idle_time}"
    return f", and {clause}, although {_format_live(live)}"


def _format_live(live: int) -> str:
    return "1 worker runs: read its log" if live == 1 else f"{live:,} workers run: read their logs"


def _describe_absence(context: JobContext) -> str:
    """Return a clause on the workers if none runs, whatever the job waits for."""
    workers = context.workers
    if workers.live:
        return ""
    if workers.last_seen_at is None:
        return "; no worker runs, start one"
    unseen = format_duration(context.now - workers.last_seen_at)
    return f"; no worker runs, start one (the last was seen {unseen} ago)"


def _describe_delay(context: JobContext) -> str:
    run_at = context.job.run_at
    reason = "" if context.last_error else "; its last attempt was released and is not counted"
    delay = format_duration(run_at - context.now)
    return f"It waits for its next attempt, in {delay} at {_format_time(run_at)}{reason}"


def _describe_attempt(context: JobContext) -> str:
    job = context.job
    attempt = f"attempt {job.attempts} of {job.max_attempts}"
    last_heartbeat = context.last_heartbeat or job.updated_at
    heartbeat = f"{format_duration(context.now - last_heartbeat)} ago"
    overdue = context.now - (context.lease_expires_at or context.now)
    if overdue <= timedelta():
        return (
            f"Worker {context.holder} is processing it, {attempt}, last heartbeat"
            f" {heartbeat}{_describe_last_error(context)}"
        )
    outcome = "fail" if job.attempts >= job.max_attempts else "be retried"
    return (
        f"Worker {context.holder} was processing it, {attempt}, last heartbeat {heartbeat}; its"
        f" lease expired {format_duration(overdue)} ago, and the job will {outcome} as soon as"
        f" another worker reaps it{_describe_absence(context)}"
    )


def _describe_end(job: Job) -> str:
    end = f"at {_format_time(job.completed_at or job.updated_at)}"
    attempts = f"after {job.attempts} of {pluralize(job.max_attempts, 'attempt')}"
    if job.error:
        return f"It failed {end}, {attempts}, with {_format_error(job.error)}"
    return f"It was {job.status.lower()} {end}, {attempts}, and waits for nothing"


def _describe_last_error(context: JobContext) -> str:
    """Return a clause on the last attempt that failed, empty if none did."""
    if context.last_error is None:
        return ""
    job = context.job
    failed = job.attempts - 1 if job.status is Status.PROCESSING else job.attempts
    error = _format_error(context.last_error)
    return f"; attempt {failed} of {job.max_attempts} failed with {error}"


def _format_error(error: JobError) -> str:
    return f"{error.code}: {error.detail.removesuffix('.')}"


def _format_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
