"""Server-sent events: their encoding, and the `Last-Event-ID` header (HTML standard, 9.2)."""

import random
from typing import Final

from pydantic_core import to_json
from sse_starlette import ServerSentEvent

from imagemill.api_schemas import job_members
from imagemill.jobs.changes import MAX_EVENT_ID, Change
from imagemill.jobs.job import JobId

SEPARATOR: Final = "\n"
# Spreads the reconnections of clients whose gateway stops.
RETRY_MILLISECONDS: Final = (1000, 5000)


def job_event(change: Change, root_path: str) -> bytes:
    """Return the event `job` with the job as it was after the change, without its pipeline."""
    members = job_members(change.job, root_path)
    del members["pipeline"]
    return ServerSentEvent(
        to_json(members).decode(), event="job", id=str(change.id), sep=SEPARATOR
    ).encode()


def deleted_event(job_id: JobId) -> bytes:
    """Return the event `deleted`; with data, since browsers ignore an event without any."""
    return ServerSentEvent(f'{{"id":"{job_id}"}}', event="deleted", sep=SEPARATOR).encode()


def retry_hint() -> bytes:
    """Return the field `retry`: how long the client waits before it reconnects."""
    milliseconds = random.randint(*RETRY_MILLISECONDS)  # noqa: S311 - no secret
    return ServerSentEvent(retry=milliseconds, sep=SEPARATOR).encode()


def parse_last_event_id(header: str | None) -> int | None:
    """Return the id in a `Last-Event-ID` header; None if it cannot be an id of an event."""
    if header is None or not (header.isascii() and header.isdigit()):
        return None
    # Longer than any id: not parsed, since int() refuses thousands of digits.
    last = int(header) if len(header) <= len(str(MAX_EVENT_ID)) else MAX_EVENT_ID
    return last if last < MAX_EVENT_ID else None
