"""Jobs that something should have happened to: they wait, went silent, were deleted, are untold."""

from datetime import timedelta
from typing import Final

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, bad, ok, warn
from imagemill.formatting import format_duration, pluralize
from imagemill.jobs.diagnostics import OverdueJobs
from imagemill.jobs.job import JobId
from imagemill.redis.queue import QueueUnavailable

# Sweeps and reapers come by every few seconds: whoever waited longer was not served by them.
WAITING_GRACE: Final = timedelta(minutes=1)
LEASE_GRACE: Final = timedelta(seconds=30)
REMOVAL_GRACE: Final = timedelta(minutes=5)
DELIVERY_GRACE: Final = timedelta(minutes=5)
# Workers took a job within this time, or there seem to be none.
WORK_GRACE: Final = timedelta(minutes=1)

IS_A_WORKER_RUNNING: Final = "Is a worker running, and what does its log say?"


async def examine(context: DoctorContext) -> list[Finding]:
    return [
        await _waiting(context),
        _leases(await context.diagnostics.find_expired_leases(LEASE_GRACE)),
        _removals(await context.diagnostics.find_overdue_file_deletions(REMOVAL_GRACE)),
        _deliveries(await context.diagnostics.find_undelivered_webhooks(DELIVERY_GRACE)),
    ]


async def _waiting(context: DoctorContext) -> Finding:
    late = await context.diagnostics.find_overdue_pending(WAITING_GRACE)
    if not late.count:
        return ok("waiting jobs", "No job has been due for more than a minute.", count=0)
    forgotten = await forgotten_by_line(context, late)
    last = await context.diagnostics.read_age_of_last_claim()
    facts = {"count": late.count, "not_in_line": len(forgotten), "ids": _shown(late.ids)}
    delay = f"{pluralize(late.count, 'job')} due for up to {format_duration(late.longest)}"
    if last is None or last > WORK_GRACE:
        idle = "ever" if last is None else f"for {format_duration(last)}"
        sentence = f"{delay}, and no worker took any {idle}."
        advice = f"Start a worker. {IS_A_WORKER_RUNNING}"
        return bad("waiting jobs", sentence, advice, **facts)
    if forgotten:
        return warn(
            "waiting jobs",
            f"{delay}; the line forgot {len(forgotten):,} of them, and sweeps come to them last.",
            "`imagemill doctor --fix` puts them back into the line.",
            **facts,
        )
    return ok("waiting jobs", f"{delay}, all in the line; workers take them.", **facts)


def _leases(expired: OverdueJobs) -> Finding:
    if not expired.count:
        return ok("leases", "Every job that is processed has a worker that lives.", count=0)
    return bad(
        "leases",
        f"{pluralize(expired.count, 'job')} held by workers that went silent, for up to"
        f" {format_duration(expired.longest)}, and nobody took them over.",
        f"{IS_A_WORKER_RUNNING} `imagemill doctor --fix` gives the jobs back.",
        count=expired.count,
        ids=_shown(expired.ids),
    )


def _removals(left: OverdueJobs) -> Finding:
    if not left.count:
        return ok("deleted jobs", "No deleted job's files are overdue to be removed.", count=0)
    return warn(
        "deleted jobs",
        f"{pluralize(left.count, 'deleted job')} whose files have not been removed for up to"
        f" {format_duration(left.longest)}.",
        f"{IS_A_WORKER_RUNNING} Can it write to the storage?",
        count=left.count,
        ids=_shown(left.ids),
    )


def _deliveries(untold: OverdueJobs) -> Finding:
    if not untold.count:
        return ok("webhooks", "No webhook is overdue to be sent.", count=0)
    return warn(
        "webhooks",
        f"{pluralize(untold.count, 'webhook')} due for up to"
        f" {format_duration(untold.longest)}: no worker sends"
        " them, or many wait for a receiver that does not answer.",
        f"{IS_A_WORKER_RUNNING} `GET /jobs/{{id}}/deliveries` of one of them says more.",
        count=untold.count,
        ids=_shown(untold.ids),
    )


async def forgotten_by_line(context: DoctorContext, late: OverdueJobs) -> list[JobId]:
    """Return those of the waiting jobs whose ids are not in the line; none while Redis is away."""
    try:
        known = await context.line.ids()
    except QueueUnavailable:
        return []
    return [job_id for job_id in late.ids if job_id not in known]


def _shown(ids: tuple[JobId, ...]) -> list[str]:
    return [str(job_id) for job_id in ids[:20]]
