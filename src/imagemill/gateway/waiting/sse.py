"""What goes over a stream: events as the HTML standard has them, section 9.2."""

import random
from typing import Final

from sse_starlette import ServerSentEvent

from imagemill.api_schemas import JobBody
from imagemill.jobs.changes import MAX_EVENT_ID, Change
from imagemill.jobs.job import JobId

SEPARATOR: Final = "\n"
# When to come back to a gateway that is being replaced: not all at the same moment.
RETRY_MILLISECONDS: Final = (1000, 5000)


def job_event(change: Change) -> bytes:
    """Return the event `job`: the job as this change left it."""
    data = JobBody.of(change.job).model_dump_json(exclude={"pipeline"})
    return ServerSentEvent(data, event="job", id=str(change.id), sep=SEPARATOR).encode()


def deleted_event(job_id: JobId) -> bytes:
    """Return the event `deleted`; it has data, since browsers pass over an event without any."""
    return ServerSentEvent(f'{{"id":"{job_id}"}}', event="deleted", sep=SEPARATOR).encode()


def retry_hint() -> bytes:
    """Return the line that tells a client how long to wait before it connects again."""
    milliseconds = random.randint(*RETRY_MILLISECONDS)  # noqa: S311 - no secret
    return ServerSentEvent(retry=milliseconds, sep=SEPARATOR).encode()


def to_id(header: str | None) -> int | None:
    """Return the id that `Last-Event-ID` names; None for what can be none of ours."""
    if header is None or not (header.isascii() and header.isdigit()):
        return None
    # More digits than any id has are not even read: int() refuses thousands of them.
    last = int(header) if len(header) <= len(str(MAX_EVENT_ID)) else MAX_EVENT_ID
    return last if last < MAX_EVENT_ID else None
