"""`Prefer: wait=N` (RFC 7240): a response that is held until its job has ended, or N seconds."""

import asyncio
import re
from collections.abc import Iterable
from typing import Final

from fastapi import Request

from imagemill.gateway.waiting.job_subscription import JobSubscription
from imagemill.gateway.waiting.waiter_registry import WaitEnded, WaiterRegistry
from imagemill.jobs.job import ENDED, Job, JobId

PREFERENCE_APPLIED: Final = "Preference-Applied"
# Below the minute after which proxies give up on a response.
MAX_WAIT_SECONDS: Final = 55

# Up to a comma outside quotes. Possessive, since a header of nothing but `"\` would otherwise take
# a minute of backtracking.
PREFERENCE: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*+"?|[^,"])+')
PARAMETERS: Final = re.compile(r";.*", re.DOTALL)
WAIT: Final = re.compile(r'[ \t]*wait[ \t]*=[ \t]*("?)([0-9]+)\1[ \t]*', re.IGNORECASE)


def parse_wait(headers: Iterable[str]) -> int | None:
    """Return the seconds to wait that the Prefer headers ask for, at most 55; None for no wait.

    The first of several preferences counts (section 2); malformed and unknown ones are ignored.
    """
    for header in headers:
        for preference in PREFERENCE.findall(header):
            wait = PARAMETERS.sub("", preference)
            if wait.partition("=")[0].strip(" \t").lower() == "wait":
                return _parse_seconds(wait)
    return None


def applied_wait(waiters: WaiterRegistry, request: Request) -> int | None:
    """Return the seconds that this request waits; None for no wait, and while too many wait.

    A server may ignore a preference (RFC 7240, section 2).
    """
    return None if waiters.is_full else parse_wait(request.headers.getlist("prefer"))


async def wait_for_end(
    waiters: WaiterRegistry, request: Request, job_id: JobId, seconds: float
) -> Job | None:
    """Return the job once it has ended.

    None if it has not ended in time, if the client disconnects, and when the gateway stops. Raises
    JobNotFound once the job is deleted.
    """
    with waiters.subscribe(job_id, after=0) as subscription:
        watcher = asyncio.create_task(_cancel_on_disconnect(request, subscription))
        try:
            async with asyncio.timeout(seconds):
                while subscription.job is None or subscription.job.status not in ENDED:
                    await waiters.next_changes(subscription)
        except (WaitEnded, TimeoutError):
            return None
        finally:
            watcher.cancel()
        return subscription.job


async def _cancel_on_disconnect(request: Request, subscription: JobSubscription) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    subscription.cancel()


def _parse_seconds(wait: str) -> int | None:
    found = WAIT.fullmatch(wait)
    if found is None:
        return None
    # int() refuses thousands of digits, and three significant ones exceed the maximum already.
    digits = found[2].lstrip("0") or "0"
    return min(int(digits[:3]), MAX_WAIT_SECONDS)
