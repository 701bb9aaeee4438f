"""What happens, told as it happens: server-sent events (HTML standard, section 9.2)."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from http import HTTPStatus
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Header, Response

from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import Jobs
from imagemill.gateway.openapi.examples import EVENTS
from imagemill.gateway.openapi.headers import headers
from imagemill.gateway.openapi.routing import JobIdPath, problems
from imagemill.gateway.services import Gateway
from imagemill.gateway.waiting.job_subscription import JobSubscription
from imagemill.gateway.waiting.sse import (
    deleted_event,
    job_event,
    retry_hint,
    to_id,
)
from imagemill.gateway.waiting.stream import Stream
from imagemill.gateway.waiting.waiter_registry import Leaving, TooManyWaiting, WaiterRegistry
from imagemill.jobs.changes import Change
from imagemill.jobs.job import JobId, JobNotFound, KeyId
from imagemill.postgres.pool import DatabaseUnavailable

log = structlog.get_logger()
router = APIRouter(tags=["streams"])

STREAM: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK.value: {
        "description": "Events `job`, each with a Job without its pipeline",
        "headers": headers("Cache-Control", "X-Accel-Buffering"),
        "content": {"text/event-stream": {"example": EVENTS}},
    }
}
AWAY: Final = problems(DatabaseUnavailable, TooManyWaiting)
# A comment, for proxies that hold back an answer until it has a first byte.
OPENING: Final = b": here it begins\n\n"

LastEventId = Annotated[
    str | None,
    Header(description="the `id` of the last event that the client has: it goes on from there"),
]


@router.get(
    "/jobs/{id}/events",
    summary="Follow a job",
    response_class=Response,
    responses=STREAM
    | AWAY
    | problems(JobNotFound, InvalidFields)
    | {
        HTTPStatus.NO_CONTENT.value: {
            "description": "The job has ended and the client knows: it need not come again"
        }
    },
)
async def follow_job(
    gateway: Gateway, jobs: Jobs, job_id: JobIdPath, last_event_id: LastEventId = None
) -> Response:
    """Tell of the job as it is, and then of each change of its status, until it has ended.

    With `Last-Event-ID` everything that changed since comes first. An event `deleted` says that the
    job was deleted.
    """
    waiters, last = gateway.waiters, to_id(last_event_id)
    waiters.require_room()
    async with AsyncExitStack() as source:
        watch = source.enter_context(waiters.watching(JobId(job_id)))
        changes = await waiters.read(watch.job_id, jobs.owner, last)
        waiters.begin(watch, changes[-1].id)
        missed = tuple(change for change in changes if change.id != last)
        if not missed and changes[-1].ends_job:
            # As the standard has it: on 204 a browser does not connect again.
            return Response(status_code=HTTPStatus.NO_CONTENT)
        events = _events_of_job(waiters, watch, missed)
        return Stream(events, source.pop_all())


@router.get("/events", summary="Follow all jobs", response_class=Response, responses=STREAM | AWAY)
async def follow_jobs(gateway: Gateway, jobs: Jobs, last_event_id: LastEventId = None) -> Response:
    """Tell of every change of a job's status from now on.

    With `Last-Event-ID` everything that changed since comes first.
    """
    waiters, last = gateway.waiters, to_id(last_event_id)
    waiters.require_room()
    async with AsyncExitStack() as source:
        now = await source.enter_async_context(waiters.tail.listening())
        # An id beyond was never given out, or by a PostgreSQL that lost its last commits since.
        after = now.position if last is None or last > now.newest else last
        events = _events_of_all(waiters, after, jobs.owner)
        return Stream(events, source.pop_all())


async def _events_of_job(
    waiters: WaiterRegistry, watch: JobSubscription, changes: tuple[Change, ...]
) -> AsyncGenerator[bytes]:
    try:
        while True:
            for change in changes:
                yield job_event(change)
            if changes and changes[-1].ends_job:
                return
            changes = await waiters.next(watch)
    except JobNotFound:
        yield deleted_event(watch.job_id)
    except Leaving:
        yield retry_hint()


async def _events_of_all(
    waiters: WaiterRegistry, last: int, owner: KeyId | None
) -> AsyncGenerator[bytes]:
    yield OPENING
    try:
        async with aclosing(waiters.tail.after(last, owner)) as told:
            async for several in told:
                yield b"".join(one.event for one in several)
    except DatabaseUnavailable as error:
        # It goes on where it was when the client comes back.
        log.warning("postgres.unavailable", reason=str(error))
    yield retry_hint()
