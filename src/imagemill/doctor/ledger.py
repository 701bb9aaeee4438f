"""Jobs that something should have happened to: they wait, went silent, were deleted, are untold."""

from datetime import timedelta
from typing import Final

from imagemill.doctor.findings import Finding, bad, ok, warn
from imagemill.doctor.patient import Patient
from imagemill.jobs.condition import Overdue
from imagemill.jobs.job import JobId
from imagemill.jobs.line import LineUnavailable
from imagemill.words import amount, span

# Sweeps and reapers come by every few seconds: whoever waited longer was not served by them.
WAITING_GRACE: Final = timedelta(minutes=1)
LEASE_GRACE: Final = timedelta(seconds=30)
REMOVAL_GRACE: Final = timedelta(minutes=5)
DELIVERY_GRACE: Final = timedelta(minutes=5)
# Workers took a job within this time, or there seem to be none.
WORK_GRACE: Final = timedelta(minutes=1)

IS_A_WORKER_RUNNING: Final = "Is a worker running, and what does its log say?"


async def examine(patient: Patient) -> list[Finding]:
    return [
        await _waiting(patient),
        _leases(await patient.condition.expired(LEASE_GRACE)),
        _removals(await patient.condition.left_over(REMOVAL_GRACE)),
        _deliveries(await patient.condition.untold(DELIVERY_GRACE)),
    ]


async def _waiting(patient: Patient) -> Finding:
    late = await patient.condition.waiting(WAITING_GRACE)
    if not late.count:
        return ok("waiting jobs", "No job has been due for more than a minute.", count=0)
    forgotten = await forgotten_by_line(patient, late)
    last = await patient.condition.since_last_claim()
    facts = {"count": late.count, "not_in_line": len(forgotten), "ids": _shown(late.ids)}
    delay = f"{amount(late.count, 'job')} due for up to {span(late.longest)}"
    if last is None or last > WORK_GRACE:
        idle = "ever" if last is None else f"for {span(last)}"
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


def _leases(expired: Overdue) -> Finding:
    if not expired.count:
        return ok("leases", "Every job that is processed has a worker that lives.", count=0)
    return bad(
        "leases",
        f"{amount(expired.count, 'job')} held by workers that went silent, for up to"
        f" {span(expired.longest)}, and nobody took them over.",
        f"{IS_A_WORKER_RUNNING} `imagemill doctor --fix` gives the jobs back.",
        count=expired.count,
        ids=_shown(expired.ids),
    )


def _removals(left: Overdue) -> Finding:
    if not left.count:
        return ok("deleted jobs", "No deleted job's files are overdue to be removed.", count=0)
    return warn(
        "deleted jobs",
        f"{amount(left.count, 'deleted job')} whose files have not been removed for up to"
        f" {span(left.longest)}.",
        f"{IS_A_WORKER_RUNNING} Can it write to the storage?",
        count=left.count,
        ids=_shown(left.ids),
    )


def _deliveries(untold: Overdue) -> Finding:
    if not untold.count:
        return ok("webhooks", "No webhook is overdue to be sent.", count=0)
    return warn(
        "webhooks",
        f"{amount(untold.count, 'webhook')} due for up to {span(untold.longest)}: no worker sends"
        " them, or many wait for a receiver that does not answer.",
        f"{IS_A_WORKER_RUNNING} `GET /jobs/{{id}}/deliveries` of one of them says more.",
        count=untold.count,
        ids=_shown(untold.ids),
    )


async def forgotten_by_line(patient: Patient, late: Overdue) -> list[JobId]:
    """Return those of the waiting jobs whose ids are not in the line; none while Redis is away."""
    try:
        known = await patient.line.ids()
    except LineUnavailable:
        return []
    return [job_id for job_id in late.ids if job_id not in known]


def _shown(ids: tuple[JobId, ...]) -> list[str]:
    return [str(job_id) for job_id in ids[:20]]
