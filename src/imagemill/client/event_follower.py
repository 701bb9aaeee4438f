"""Follows a stream of events from one connection to the next, so that no event is missed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from uuid import UUID

import httpx
from pydantic import ValidationError

from imagemill.client.backoff import compute_retry_delay
from imagemill.client.errors import ClientError, UnexpectedResponse
from imagemill.client.models import Job, Model
from imagemill.client.request import Request
from imagemill.client.responses import require_success
from imagemill.client.sse import EventParser, ServerSentEvent

MEDIA_TYPE: Final = "text/event-stream"
JOB: Final = "job"
DELETED: Final = "deleted"
# Unless the server has named another delay.
RECONNECT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A change of a job. `job` is as it was after the change; None once it was deleted.

    `id` continues the stream after this event, as `last_event_id`.
    """

    id: str
    job_id: UUID
    job: Job | None


class _Deleted(Model):
    id: UUID


class EventFollower:
    """Makes the requests of a stream and reads what it sends; knows when it is over.

    A stream of one job is over when the job has ended or was deleted; that of all jobs never is.
    The first connection is tried `max_tries` times. Once it stood, it is made again for as long as
    that takes: a server that restarts ends no stream.
    """

    def __init__(self, job_id: UUID | None, last_event_id: str | None, max_tries: int) -> None:
        self._job_id = job_id
        self._parser = EventParser(last_event_id or "")
        self._max_tries = max_tries
        self._is_established = False
        self._failures = 0
        self._delay_seconds = 0.0
        self.has_ended = False

    def next_request(self) -> Request:
        """Return the request for the rest of the stream."""
        last = self._parser.last_event_id
        return Request(
            "GET",
            f"/jobs/{self._job_id}/events" if self._job_id else "/events",
            headers={"Accept": MEDIA_TYPE} | ({"Last-Event-ID": last} if last else {}),
            delay_seconds=self._delay_seconds,
        )

    def begin(self, response: httpx.Response) -> None:
        """Note that the server has answered. Raises Problem, UnexpectedResponse."""
        require_success(response)
        self.has_ended = response.status_code == HTTPStatus.NO_CONTENT
        media_type = response.headers.get("Content-Type", "").partition(";")[0]
        if not self.has_ended and media_type != MEDIA_TYPE:
            raise UnexpectedResponse(f"{response.url} answers with no stream of events.")
        self._is_established, self._failures = True, 0
        self._delay_seconds = RECONNECT_SECONDS
        self._parser = EventParser(self._parser.last_event_id)

    def feed(self, chunk: bytes) -> Iterator[JobEvent]:
        """Yield the events that are complete with this chunk of the stream."""
        for event in self._parser.feed(chunk):
            if event.type not in {JOB, DELETED}:  # of a newer server
                continue
            change = _read_event(event)
            if self._job_id:
                self.has_ended = change.job is None or change.job.has_ended
            yield change
        if self._parser.retry_milliseconds is not None:
            self._delay_seconds = self._parser.retry_milliseconds / 1000

    @contextmanager
    def reconnect(self) -> Iterator[None]:
        """Let the block end with a transient error, unless the server was never reached."""
        try:
            yield
        except ClientError as error:
            self._failures += 1
            has_given_up = not self._is_established and self._failures >= self._max_tries
            if not error.is_transient or has_given_up:
                raise
            draw = random.random()  # noqa: S311 - a delay is no secret
            delay = compute_retry_delay(self._failures, error.retry_after, draw)
            self._delay_seconds = delay.total_seconds()


def _read_event(event: ServerSentEvent) -> JobEvent:
    try:
        if event.type == DELETED:
            return JobEvent(event.last_event_id, _Deleted.model_validate_json(event.data).id, None)
        job = Job.model_validate_json(event.data)
    except ValidationError as error:
        raise UnexpectedResponse("The stream has an event that is no job.") from error
    return JobEvent(event.last_event_id, job.id, job)
