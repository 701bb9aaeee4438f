"""Fixes that are safe at any time: no file and no row of a job is deleted.

Workers do the same sooner or later; the fixes are for when no worker runs, or to save the wait.
"""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.jobs import PENDING_GRACE, find_unqueued
from imagemill.formatting import format_sentence, pluralize
from imagemill.jobs.job import Priority
from imagemill.jobs.leases import JobLeases
from imagemill.redis.queue import QueueUnavailable

NOTHING_FIXED: Final = "There was nothing to fix."


async def apply_fixes(context: DoctorContext) -> list[str]:
    """Apply all fixes, and return a sentence for each that changed something.

    Raises DatabaseUnavailable, StorageUnavailable; fixes that were applied before stay applied.
    """
    done = [
        *await _reap(context),
        *await _requeue(context),
        *await _restore(context),
        *await _quarantine(context),
    ]
    return done or [NOTHING_FIXED]


async def _reap(context: DoctorContext) -> list[str]:
    leases = JobLeases(context.postgres, uuid4(), timedelta(0))
    count = 0
    while reaped := await leases.reap():
        count += len(reaped)
    return [f"Released {pluralize(count, 'job')} with an expired lease."] if count else []


async def _requeue(context: DoctorContext) -> list[str]:
    overdue = await context.diagnostics.find_overdue_pending(PENDING_GRACE)
    unqueued = await context.diagnostics.find_pending(await find_unqueued(context, overdue))
    try:
        for priority in Priority:
            ids = [job_id for job_id, found in unqueued.items() if found is priority]
            if ids:
                await context.queue.push_all(ids, priority)
    except QueueUnavailable as error:
        return [format_sentence(f"Could not push jobs to the queue: {error}")]
    return [f"Pushed {pluralize(len(unqueued), 'job')} to the queue."] if unqueued else []


async def _restore(context: DoctorContext) -> list[str]:
    keys = await context.janitor.restore()
    return [f"Restored {key} from quarantine." for key in keys]


async def _quarantine(context: DoctorContext) -> list[str]:
    now = await context.storage.now()
    found = await context.janitor.find_orphans(now)
    orphans = [] if found.is_suspicious else found.orphans
    keys = await context.janitor.quarantine_orphans(orphans, now.date())
    keys += await context.janitor.quarantine_unfinished(now)
    deleted = await context.janitor.delete_abandoned()
    return [
        *(f"Moved {key} to quarantine." for key in keys),
        *(f"Deleted {key}, left by a process that has died." for key in deleted),
    ]
