"""Waiting for the end of a job within one request."""

import asyncio

from fastapi import Request

from imagemill.gateway.waiting.hub import Hub, Leaving
from imagemill.gateway.waiting.prefer import wait_seconds
from imagemill.gateway.waiting.watch import Watch
from imagemill.jobs.job import ENDED, Job, JobId

APPLIED = "Preference-Applied"


def applied_wait(hub: Hub, request: Request) -> int | None:
    """Return how many seconds this request waits, if it asks for that and there is room for it.

    A preference may be ignored (RFC 7240, section 2): when too many wait already, it is.
    """
    return None if hub.is_full else wait_seconds(request.headers.getlist("prefer"))


async def end_of(hub: Hub, request: Request, job_id: JobId, seconds: float) -> Job | None:
    """Wait for the job to end and return it then.

    None when it has not ended within so many seconds, when the gateway is being stopped, and when
    the client has gone. Raises JobNotFound once the job is deleted.
    """
    with hub.watching(job_id, after=0) as watch:
        ending = asyncio.create_task(_end(hub, watch))
        leaving = asyncio.create_task(_departure(request))
        try:
            await asyncio.wait(
                {ending, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            return ending.result() if ending.done() else None
        finally:
            ending.cancel()
            leaving.cancel()


async def _end(hub: Hub, watch: Watch) -> Job | None:
    while watch.job is None or watch.job.status not in ENDED:
        try:
            await hub.next(watch)
        except Leaving:
            return None
    return watch.job


async def _departure(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
