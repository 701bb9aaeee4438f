"""Mends what is safe to mend. No file and no row is deleted; each thing done can be taken back.

What is mended here mends itself sooner or later while a worker runs; this is for those nights when
none does, or nobody wants to wait.
"""

from datetime import timedelta
from uuid import uuid4

from imagemill.doctor.ledger import WAITING_GRACE, forgotten_by_line
from imagemill.doctor.patient import Patient
from imagemill.jobs.job import Priority
from imagemill.jobs.leases import Leases
from imagemill.jobs.line import LineUnavailable
from imagemill.words import amount


async def mend(patient: Patient) -> list[str]:
    """Do what can be done, and return a sentence for each thing that was.

    Raises LedgerUnavailable, StorageUnavailable; what was done until then stays done.
    """
    done = [
        *await _reap(patient),
        *await _ring(patient),
        *await _bring_back(patient),
        *await _set_aside(patient),
    ]
    return done or ["There was nothing to mend."]


async def _reap(patient: Patient) -> list[str]:
    leases = Leases(patient.postgres, uuid4(), timedelta(0))
    count = 0
    while reaped := await leases.reap():
        count += len(reaped)
    return [f"Took {amount(count, 'job')} from workers that went silent."] if count else []


async def _ring(patient: Patient) -> list[str]:
    late = await patient.condition.waiting(WAITING_GRACE)
    forgotten = await patient.condition.pending_among(await forgotten_by_line(patient, late))
    try:
        for priority in Priority:
            ids = [job_id for job_id, its_own in forgotten.items() if its_own is priority]
            if ids:
                await patient.line.put_again(ids, priority)
    except LineUnavailable as error:
        return [f"Could not put jobs back into the line: {error}."]
    return [f"Put {amount(len(forgotten), 'job')} back into the line."] if forgotten else []


async def _bring_back(patient: Patient) -> list[str]:
    keys = await patient.janitor.bring_back()
    return [f"Brought {key} back from quarantine." for key in keys]


async def _set_aside(patient: Patient) -> list[str]:
    now = await patient.storage.now()
    found = await patient.janitor.look_for_orphans(now)
    orphans = [] if found.is_suspicious else found.orphans
    keys = await patient.janitor.set_aside_orphans(orphans, now.date())
    keys += await patient.janitor.set_aside_unfinished(now)
    cleared = await patient.janitor.clear_abandoned()
    return [
        *(f"Moved {key} to quarantine." for key in keys),
        *(f"Removed {key}, of a process that is dead." for key in cleared),
    ]
