"""Streams of changes as server-sent events (HTML standard, 9.2)."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from http import HTTPStatus
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Header, Request, Response

from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import ScopedJobStore
from imagemill.gateway.json_response import root_path
from imagemill.gateway.openapi.examples import EVENTS
from imagemill.gateway.openapi.headers import response_headers
from imagemill.gateway.openapi.routing import JobIdPath, problems
from imagemill.gateway.services import ServicesDep
from imagemill.gateway.waiting.event_stream import EventStream
from imagemill.gateway.waiting.job_subscription import JobSubscription
from imagemill.gateway.waiting.sse import (
    deleted_event,
    job_event,
    parse_last_event_id,
    retry_hint,
)
from imagemill.gateway.waiting.waiter_registry import TooManyWaiting, WaitEnded, WaiterRegistry
from imagemill.jobs.changes import Change
from imagemill.jobs.job import JobId, JobNotFound, KeyId
from imagemill.postgres.pool import DatabaseUnavailable

log = structlog.get_logger()
router = APIRouter(tags=["streams"])

STREAM: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK.value: {
        "description": "Events `job`, each with a Job without its pipeline",
        "headers": response_headers("Cache-Control", "X-Accel-Buffering"),
        "content": {"text/event-stream": {"example": EVENTS}},
    }
}
STREAM_PROBLEMS: Final = problems(DatabaseUnavailable, TooManyWaiting)
# A comment, for proxies that hold a response back until its first byte.
OPENING: Final = b": stream opened\n\n"

LastEventId = Annotated[
    str | None,
    Header(description="the `id` of the last event that was received: the stream continues there"),
]


@router.get(
    "/jobs/{id}/events",
    summary="Follow a job",
    response_class=Response,
    responses=STREAM
    | STREAM_PROBLEMS
    | problems(JobNotFound, InvalidFields)
    | {
        HTTPStatus.NO_CONTENT.value: {
            "description": "The job has ended and the client has its last event: do not reconnect"
        }
    },
)
async def follow_job(
    services: ServicesDep,
    job_store: ScopedJobStore,
    job_id: JobIdPath,
    request: Request,
    last_event_id: LastEventId = None,
) -> Response:
    """Send the job as it is, then each change of its status, until it has ended.

    With `Last-Event-ID` the changes since that event come first. If the job is deleted, the stream
    ends with an event `deleted`.
    """
    waiters, last = services.waiters, parse_last_event_id(last_event_id)
    waiters.require_room()
    async with AsyncExitStack() as resources:
        subscription = resources.enter_context(waiters.subscribe(JobId(job_id)))
        changes = await waiters.read_changes(subscription.job_id, job_store.owner, last)
        waiters.start(subscription, changes[-1].id)
        missed = tuple(change for change in changes if change.id != last)
        if not missed and changes[-1].ends_job:
            # A browser does not reconnect after a 204 (HTML standard, 9.2.3).
            return Response(status_code=HTTPStatus.NO_CONTENT)
        events = _events_of_job(waiters, subscription, missed, root_path(request))
        return EventStream(events, resources.pop_all())


@router.get(
    "/events",
    summary="Follow all jobs",
    response_class=Response,
    responses=STREAM | STREAM_PROBLEMS,
)
async def follow_jobs(
    services: ServicesDep,
    job_store: ScopedJobStore,
    request: Request,
    last_event_id: LastEventId = None,
) -> Response:
    """Send every change of a job's status from now on.

    With `Last-Event-ID` the changes since that event come first.
    """
    waiters, last = services.waiters, parse_last_event_id(last_event_id)
    waiters.require_room()
    async with AsyncExitStack() as resources:
        start = await resources.enter_async_context(waiters.event_feed.listen())
        # An id beyond the newest is invalid, or PostgreSQL has lost its last commits since.
        after = start.position if last is None or last > start.newest else last
        events = _events_of_all(waiters, after, job_store.owner, root_path(request))
        return EventStream(events, resources.pop_all())


async def _events_of_job(
    waiters: WaiterRegistry,
    subscription: JobSubscription,
    changes: tuple[Change, ...],
    prefix: str,
) -> AsyncGenerator[bytes]:
    try:
        while True:
            for change in changes:
                yield job_event(change, prefix)
            if changes and changes[-1].ends_job:
                return
            changes = await waiters.next_changes(subscription)
    except JobNotFound:
        yield deleted_event(subscription.job_id)
    except WaitEnded:
        yield retry_hint()


async def _events_of_all(
    waiters: WaiterRegistry, last: int, owner: KeyId | None, prefix: str
) -> AsyncGenerator[bytes]:
    yield OPENING
    try:
        async with aclosing(waiters.event_feed.events_after(last, owner)) as batches:
            async for batch in batches:
                yield b"".join(encoded.encode(prefix) for encoded in batch)
    except DatabaseUnavailable as error:
        # The client reconnects and continues where it was.
        log.debug("stream.ended", reason=str(error))
    yield retry_hint()
