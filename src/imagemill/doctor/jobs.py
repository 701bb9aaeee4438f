"""Checks of the jobs: overdue pending ones, expired leases, file deletions and webhooks."""

from datetime import timedelta
from typing import Final

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import MAX_LISTED, Finding, bad, ok, warn
from imagemill.formatting import format_duration, pluralize
from imagemill.jobs.diagnostics import OverdueJobs
from imagemill.jobs.job import JobId
from imagemill.redis.queue import QueueUnavailable

# Workers sweep and reap every few seconds: what is overdue for longer was missed by all of them.
PENDING_GRACE: Final = timedelta(minutes=1)
LEASE_GRACE: Final = timedelta(seconds=30)
DELETION_GRACE: Final = timedelta(minutes=5)
DELIVERY_GRACE: Final = timedelta(minutes=5)
# Without a claim for this long, no worker seems to run.
IDLE_GRACE: Final = timedelta(minutes=1)

IDLE_WORKERS: Final = "Workers run, and claim nothing: what do their logs say?"
IS_A_WORKER_RUNNING: Final = "Is a worker running, and what does its log say?"


async def check(context: DoctorContext) -> list[Finding]:
    return [
        await _check_pending(context),
        _check_leases(await context.diagnostics.find_expired_leases(LEASE_GRACE)),
        _check_file_deletions(
            await context.diagnostics.find_overdue_file_deletions(DELETION_GRACE)
        ),
        _check_webhooks(await context.diagnostics.find_undelivered_webhooks(DELIVERY_GRACE)),
    ]


async def _check_pending(context: DoctorContext) -> Finding:
    overdue = await context.diagnostics.find_overdue_pending(PENDING_GRACE)
    if not overdue.count:
        return ok("pending jobs", "No job has been due for more than a minute.", count=0)
    unqueued = await find_unqueued(context, overdue)
    last = await context.diagnostics.read_age_of_last_claim()
    facts = {"count": overdue.count, "not_in_queue": len(unqueued), "ids": _first_ids(overdue.ids)}
    delay = f"{pluralize(overdue.count, 'job')} due for up to {format_duration(overdue.longest)}"
    if last is None or last > IDLE_GRACE:
        idle = "yet" if last is None else f"for {format_duration(last)}"
        sentence = f"{delay}, and no worker has claimed a job {idle}."
        live = (await context.workers.count()).live
        advice = IDLE_WORKERS if live else "Start a worker."
        return bad("pending jobs", sentence, advice, **facts)
    if unqueued:
        return warn(
            "pending jobs",
            f"{delay}; {len(unqueued):,} of them are not in the queue, and only sweeps find them.",
            "`imagemill doctor --fix` pushes them to the queue.",
            **facts,
        )
    return ok("pending jobs", f"{delay}, all in the queue; workers are claiming jobs.", **facts)


def _check_leases(expired: OverdueJobs) -> Finding:
    if not expired.count:
        return ok("leases", "No lease of a processing job has expired.", count=0)
    return bad(
        "leases",
        f"{pluralize(expired.count, 'job')} with a lease that expired up to"
        f" {format_duration(expired.longest)} ago, and that no worker has released.",
        f"{IS_A_WORKER_RUNNING} `imagemill doctor --fix` releases the jobs.",
        count=expired.count,
        ids=_first_ids(expired.ids),
    )


def _check_file_deletions(overdue: OverdueJobs) -> Finding:
    if not overdue.count:
        return ok("deleted jobs", "No files of deleted jobs are overdue for deletion.", count=0)
    return warn(
        "deleted jobs",
        f"{pluralize(overdue.count, 'deleted job')}, up to {format_duration(overdue.longest)} ago,"
        " whose files still exist.",
        f"{IS_A_WORKER_RUNNING} Can it write to the storage?",
        count=overdue.count,
        ids=_first_ids(overdue.ids),
    )


def _check_webhooks(overdue: OverdueJobs) -> Finding:
    if not overdue.count:
        return ok("webhooks", "No webhook is overdue.", count=0)
    return warn(
        "webhooks",
        f"{pluralize(overdue.count, 'webhook')} due for up to {format_duration(overdue.longest)}:"
        " no worker runs, or a receiver with many webhooks does not answer.",
        f"{IS_A_WORKER_RUNNING} `GET /jobs/{{id}}/deliveries` shows the tries for a job.",
        count=overdue.count,
        ids=_first_ids(overdue.ids),
    )


async def find_unqueued(context: DoctorContext, overdue: OverdueJobs) -> list[JobId]:
    """Return the overdue jobs whose ids are not in the queue; none while Redis is unavailable."""
    try:
        queued = await context.queue.read_ids()
    except QueueUnavailable:
        return []
    return [job_id for job_id in overdue.ids if job_id not in queued]


def _first_ids(ids: tuple[JobId, ...]) -> list[str]:
    return [str(job_id) for job_id in ids[:MAX_LISTED]]
