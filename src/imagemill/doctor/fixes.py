"""Mends what is safe to mend. No file and no row is deleted; each thing done can be taken back.

What is mended here mends itself sooner or later while a worker runs; this is for those nights when
none does, or nobody wants to wait.
"""

from datetime import timedelta
from uuid import uuid4

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.jobs import WAITING_GRACE, forgotten_by_line
from imagemill.formatting import pluralize
from imagemill.jobs.job import Priority
from imagemill.jobs.leases import JobLeases
from imagemill.redis.queue import QueueUnavailable


async def apply_fixes(context: DoctorContext) -> list[str]:
    """Do what can be done, and return a sentence for each thing that was.

    Raises DatabaseUnavailable, StorageUnavailable; what was done until then stays done.
    """
    done = [
        *await _reap(context),
        *await _ring(context),
        *await _bring_back(context),
        *await _set_aside(context),
    ]
    return done or ["There was nothing to mend."]


async def _reap(context: DoctorContext) -> list[str]:
    leases = JobLeases(context.postgres, uuid4(), timedelta(0))
    count = 0
    while reaped := await leases.reap():
        count += len(reaped)
    return [f"Took {pluralize(count, 'job')} from workers that went silent."] if count else []


async def _ring(context: DoctorContext) -> list[str]:
    late = await context.diagnostics.find_overdue_pending(WAITING_GRACE)
    forgotten = await context.diagnostics.find_pending(await forgotten_by_line(context, late))
    try:
        for priority in Priority:
            ids = [job_id for job_id, its_own in forgotten.items() if its_own is priority]
            if ids:
                await context.line.push_all(ids, priority)
    except QueueUnavailable as error:
        return [f"Could not put jobs back into the line: {error}."]
    return [f"Put {pluralize(len(forgotten), 'job')} back into the line."] if forgotten else []


async def _bring_back(context: DoctorContext) -> list[str]:
    keys = await context.janitor.restore()
    return [f"Brought {key} back from quarantine." for key in keys]


async def _set_aside(context: DoctorContext) -> list[str]:
    now = await context.storage.now()
    found = await context.janitor.find_orphans(now)
    orphans = [] if found.is_suspicious else found.orphans
    keys = await context.janitor.quarantine_orphans(orphans, now.date())
    keys += await context.janitor.quarantine_unfinished(now)
    cleared = await context.janitor.delete_abandoned()
    return [
        *(f"Moved {key} to quarantine." for key in keys),
        *(f"Removed {key}, of a process that is dead." for key in cleared),
    ]
