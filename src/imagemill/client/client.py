"""The client for programs without asyncio."""

import ssl
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from imagemill.client.backoff import MAX_TRIES
from imagemill.client.connection import DEFAULT_URL, Connection
from imagemill.client.download import Target
from imagemill.client.errors import ClientError
from imagemill.client.event_follower import EventFollower, JobEvent
from imagemill.client.models import (
    Capabilities,
    Delivery,
    Explanation,
    HistoryEvent,
    Job,
    Link,
)
from imagemill.client.operations import PAGE_SIZE, JobRef, Operation, Operations, to_id
from imagemill.client.request import Request
from imagemill.client.responses import translate_errors
from imagemill.client.upload_body import Source
from imagemill.client.upload_options import UploadOptions
from imagemill.jobs.job import Status

T = TypeVar("T")


class Client:
    """Client of an imagemill server. It may be shared by threads.

    Requests that fail for a reason that may pass (a lost connection, 429, 502, 503, 504) are
    retried with growing delays, or after the time that the server asks for. All methods raise
    ClientError: Problem when the server refuses, ConnectionFailed when it cannot be reached.
    A job is named by itself or by its id; an output by its name, or it is the first one.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        api_key: str | None = None,
        *,
        max_tries: int = MAX_TRIES,
        verify: bool | ssl.SSLContext = True,
        trust_env: bool = True,
    ) -> None:
        """See Connection for the arguments."""
        self._connection = Connection(url, api_key, max_tries, verify, trust_env)
        self._http = httpx.Client(**self._connection.for_httpx())
        self._operations = Operations(self._connection.max_tries)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server."""
        self._http.close()

    def upload(self, source: Source, **options: Unpack[UploadOptions]) -> Job:
        """Upload an image and return its job, which is durable from then on.

        The source is a path, bytes, a binary file that is read from its position, or an iterable of
        bytes. Files are streamed. Options: UploadOptions. Raises OSError.
        """
        return self._run(self._operations.upload(source, options))

    def job(self, job: JobRef) -> Job:
        """Return the job as it is now."""
        return self._run(self._operations.read_job(job))

    def wait(self, job: JobRef, timeout_seconds: float | None = None) -> Job:
        """Return the job once it has ended, COMPLETED or not; see Job.require_completed.

        Raises WaitTimeout after so many seconds.
        """
        return self._run(self._operations.wait(job, timeout_seconds))

    def jobs(
        self, *, status: Status | str | Collection[Status | str] = (), page_size: int = PAGE_SIZE
    ) -> Iterator[Job]:
        """Yield all jobs, or those with this status or one of these, newest first.

        They are requested page by page, as far as they are used.
        """
        cursor: str | None = None
        while True:
            page = self._run(self._operations.list_page(status, page_size, cursor))
            yield from page.jobs
            if (cursor := page.next_cursor) is None:
                return

    def events(
        self, job: JobRef | None = None, *, last_event_id: str | None = None
    ) -> Iterator[JobEvent]:
        """Yield each change of the job until it has ended, or of all jobs without end.

        A lost connection is made again and continues where it was. So does a later call with the
        `id` of the last event as `last_event_id`. A job's first event is its present state; of all
        jobs only what changes from now on is reported.
        """
        follower = EventFollower(
            None if job is None else to_id(job), last_event_id, self._connection.max_tries
        )
        while not follower.has_ended:
            with follower.reconnect(), self._stream(follower.next_request()) as response:
                if not response.is_success:
                    response.read()
                follower.begin(response)
                for chunk in response.iter_raw():
                    yield from follower.feed(chunk)

    def history(self, job: JobRef) -> tuple[HistoryEvent, ...]:
        """Return every change of the job's status, oldest first."""
        return self._run(self._operations.read_history(job))

    def explain(self, job: JobRef) -> Explanation:
        """Return what the job waits for."""
        return self._run(self._operations.explain(job))

    def download(self, job: JobRef, target: Target, output: str | None = None) -> None:
        """Write an output to a path or a binary file, and verify its digest.

        A path has the whole file at the end, or what it had before. Raises JobNotCompleted,
        DamagedDownload, OSError.
        """
        self._run(self._operations.download(job, target, output))

    def download_input(self, job: JobRef, target: Target) -> None:
        """Write the uploaded image to a path or a binary file, likewise."""
        self._run(self._operations.download_input(job, target))

    def read_output(self, job: JobRef, output: str | None = None) -> bytes:
        """Return the bytes of an output. Raises JobNotCompleted, DamagedDownload."""
        return self._run(self._operations.read_output(job, output))

    def create_link(self, job: JobRef, output: str | None = None, *, expires_in: int) -> Link:
        """Return a link to an output that needs no API key and works for so many seconds."""
        return self._run(self._operations.create_link(job, output, expires_in))

    def cancel(self, job: JobRef) -> Job:
        """Cancel the job and return it. Raises Conflict when it has ended."""
        return self._run(self._operations.cancel(job))

    def retry(self, job: JobRef) -> Job:
        """Queue the job again and return it. Raises Conflict unless it is FAILED or CANCELED."""
        return self._run(self._operations.retry(job))

    def delete(self, job: JobRef) -> None:
        """Delete the job with its files, whatever its status."""
        self._run(self._operations.delete(job))

    def deliveries(self, job: JobRef) -> tuple[Delivery, ...]:
        """Return the job's webhooks, oldest first."""
        return self._run(self._operations.list_deliveries(job))

    def redeliver(self, job: JobRef, n: int) -> Delivery:
        """Send the job's webhook number `n` again and return its delivery."""
        return self._run(self._operations.redeliver(job, n))

    def presets(self) -> dict[str, Any]:
        """Return the pipelines that the option `preset` of an upload can name."""
        return self._run(self._operations.read_presets())

    def capabilities(self) -> Capabilities:
        """Return the formats and limits of the server."""
        return self._run(self._operations.read_capabilities())

    def _run(self, operation: Operation[T]) -> T:
        with closing(operation):
            try:
                request = next(operation)
                while True:
                    try:
                        response = self._respond(request)
                    except ClientError as error:
                        request = operation.throw(error)
                    else:
                        request = operation.send(response)
            except StopIteration as result:
                value: T = result.value
                return value

    def _respond(self, request: Request) -> httpx.Response:
        with self._stream(request) as response:
            if request.download and response.is_success:
                request.download.restart()
                for chunk in response.iter_raw():
                    request.download.write(chunk)
            else:
                response.read()
        return response

    @contextmanager
    def _stream(self, request: Request) -> Iterator[httpx.Response]:
        """Send the request and yield its response, the body still unread."""
        time.sleep(request.delay_seconds)
        content = request.body.chunks() if request.body else None
        with translate_errors(self._http.base_url):
            response = self._http.send(request.build(self._http, content), stream=True)
            with closing(response):
                yield response
