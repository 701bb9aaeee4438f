"""Ids in the line that no job waits for."""

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, ok
from imagemill.formatting import pluralize
from imagemill.redis.queue import QueueUnavailable


async def examine(context: DoctorContext) -> list[Finding]:
    try:
        ids = await context.line.ids()
    except QueueUnavailable:
        return []  # the examination of the server says so
    stale = len(ids) - len(await context.diagnostics.find_pending(ids))
    sentence = f"{pluralize(len(ids), 'id')} in the line"
    if stale:
        sentence += f"; for {stale:,} of them no job waits, which does no harm"
    return [ok("ids", f"{sentence}.", count=len(ids), stale=stale)]
