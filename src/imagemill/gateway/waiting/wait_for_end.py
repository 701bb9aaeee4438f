"""Waiting for the end of a job within one request."""

import asyncio

from fastapi import Request

from imagemill.gateway.waiting.job_subscription import JobSubscription
from imagemill.gateway.waiting.prefer import wait_seconds
from imagemill.gateway.waiting.waiter_registry import Leaving, WaiterRegistry
from imagemill.jobs.job import ENDED, Job, JobId

APPLIED = "Preference-Applied"


def applied_wait(waiters: WaiterRegistry, request: Request) -> int | None:
    """Return how many seconds this request waits, if it asks for that and there is room for it.

    A preference may be ignored (RFC 7240, section 2): when too many wait already, it is.
    """
    return None if waiters.is_full else wait_seconds(request.headers.getlist("prefer"))


async def end_of(
    waiters: WaiterRegistry, request: Request, job_id: JobId, seconds: float
) -> Job | None:
    """Wait for the job to end and return it then.

    None when it has not ended within so many seconds, when the gateway is being stopped, and when
    the client has gone. Raises JobNotFound once the job is deleted.
    """
    with waiters.watching(job_id, after=0) as watch:
        leaving = asyncio.create_task(_departure(request, watch))
        try:
            async with asyncio.timeout(seconds):
                while watch.job is None or watch.job.status not in ENDED:
                    await waiters.next(watch)
        except (Leaving, TimeoutError):
            return None
        finally:
            leaving.cancel()
        return watch.job


async def _departure(request: Request, watch: JobSubscription) -> None:
    """Send the one who watches away when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    watch.leave()
