"""Ids in the line that no job waits for."""

from imagemill.doctor.findings import Finding, ok
from imagemill.doctor.patient import Patient
from imagemill.jobs.line import LineUnavailable
from imagemill.words import amount


async def examine(patient: Patient) -> list[Finding]:
    try:
        ids = await patient.line.ids()
    except LineUnavailable:
        return []  # the examination of the server says so
    stale = len(ids) - len(await patient.condition.pending_among(ids))
    sentence = f"{amount(len(ids), 'id')} in the line"
    if stale:
        sentence += f"; for {stale:,} of them no job waits, which does no harm"
    return [ok("ids", f"{sentence}.", count=len(ids), stale=stale)]
