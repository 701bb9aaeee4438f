"""The client for asyncio."""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager, closing
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
from imagemill.client.upload_body import Source, spool
from imagemill.client.upload_options import UploadOptions
from imagemill.jobs.job import Status

T = TypeVar("T")


class AsyncClient:
    """Client of an imagemill server for asyncio: `Client`, with coroutines. Tasks may share it.

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
        self._http = httpx.AsyncClient(**self._connection.for_httpx())
        self._operations = Operations(self._connection.max_tries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections to the server."""
        await self._http.aclose()

    async def upload(
        self, source: Source | AsyncIterable[bytes], **options: Unpack[UploadOptions]
    ) -> Job:
        """Upload an image and return its job, which is durable from then on.

        The source is a path, bytes, a binary file that is read from its position, or an iterable of
        bytes, which may be asynchronous. Files are streamed. Options: UploadOptions. Raises
        OSError.
        """
        if isinstance(source, AsyncIterable):
            async with spool(source) as file:
                return await self._run(self._operations.upload(file, options))
        return await self._run(self._operations.upload(source, options))

    async def job(self, job: JobRef) -> Job:
        """Return the job as it is now."""
        return await self._run(self._operations.read_job(job))

    async def wait(self, job: JobRef, timeout_seconds: float | None = None) -> Job:
        """Return the job once it has ended, COMPLETED or not; see Job.require_completed.

        Raises WaitTimeout after so many seconds.
        """
        return await self._run(self._operations.wait(job, timeout_seconds))

    async def jobs(
        self, *, status: Status | str | Collection[Status | str] = (), page_size: int = PAGE_SIZE
    ) -> AsyncIterator[Job]:
        """Yield all jobs, or those with this status or one of these, newest first.

        They are requested page by page, as far as they are used.
        """
        cursor: str | None = None
        while True:
            page = await self._run(self._operations.list_page(status, page_size, cursor))
            for job in page.jobs:
                yield job
            if (cursor := page.next_cursor) is None:
                return

    async def events(
        self, job: JobRef | None = None, *, last_event_id: str | None = None
    ) -> AsyncIterator[JobEvent]:
        """Yield each change of the job until it has ended, or of all jobs without end.

        A lost connection is made again and continues where it was. So does a later call with the
        `id` of the last event as `last_event_id`. A job's first event is its present state; of all
        jobs only what changes from now on is reported.
        """
        follower = EventFollower(
            None if job is None else to_id(job), last_event_id, self._connection.max_tries
        )
        while not follower.has_ended:
            with follower.reconnect():
                async with self._stream(follower.next_request()) as response:
                    if not response.is_success:
                        await response.aread()
                    follower.begin(response)
                    async for chunk in response.aiter_raw():
                        for event in follower.feed(chunk):
                            yield event

    async def history(self, job: JobRef) -> tuple[HistoryEvent, ...]:
        """Return every change of the job's status, oldest first."""
        return await self._run(self._operations.read_history(job))

    async def explain(self, job: JobRef) -> Explanation:
        """Return what the job waits for."""
        return await self._run(self._operations.explain(job))

    async def download(self, job: JobRef, target: Target, output: str | None = None) -> None:
        """Write an output to a path or a binary file, and verify its digest.

        A path has the whole file at the end, or what it had before. Raises JobNotCompleted,
        DamagedDownload, OSError.
        """
        await self._run(self._operations.download(job, target, output))

    async def download_input(self, job: JobRef, target: Target) -> None:
        """Write the uploaded image to a path or a binary file, likewise."""
        await self._run(self._operations.download_input(job, target))

    async def read_output(self, job: JobRef, output: str | None = None) -> bytes:
        """Return the bytes of an output. Raises JobNotCompleted, DamagedDownload."""
        return await self._run(self._operations.read_output(job, output))

    async def create_link(self, job: JobRef, output: str | None = None, *, expires_in: int) -> Link:
        """Return a link to an output that needs no API key and works for so many seconds."""
        return await self._run(self._operations.create_link(job, output, expires_in))

    async def cancel(self, job: JobRef) -> Job:
        """Cancel the job and return it. Raises Conflict when it has ended."""
        return await self._run(self._operations.cancel(job))

    async def retry(self, job: JobRef) -> Job:
        """Queue the job again and return it. Raises Conflict unless it is FAILED or CANCELED."""
        return await self._run(self._operations.retry(job))

    async def delete(self, job: JobRef) -> None:
        """Delete the job with its files, whatever its status."""
        await self._run(self._operations.delete(job))

    async def deliveries(self, job: JobRef) -> tuple[Delivery, ...]:
        """Return the job's webhooks, oldest first."""
        return await self._run(self._operations.list_deliveries(job))

    async def redeliver(self, job: JobRef, n: int) -> Delivery:
        """Send the job's webhook number `n` again and return its delivery."""
        return await self._run(self._operations.redeliver(job, n))

    async def presets(self) -> dict[str, Any]:
        """Return the pipelines that the option `preset` of an upload can name."""
        return await self._run(self._operations.read_presets())

    async def capabilities(self) -> Capabilities:
        """Return the formats and limits of the server."""
        return await self._run(self._operations.read_capabilities())

    async def _run(self, operation: Operation[T]) -> T:
        with closing(operation):
            try:
                request = next(operation)
                while True:
                    try:
                        response = await self._respond(request)
                    except ClientError as error:
                        request = operation.throw(error)
                    else:
                        request = operation.send(response)
            except StopIteration as result:
                value: T = result.value
                return value

    async def _respond(self, request: Request) -> httpx.Response:
        async with self._stream(request) as response:
            if request.download and response.is_success:
                request.download.restart()
                async for chunk in response.aiter_raw():
                    await asyncio.to_thread(request.download.write, chunk)
            else:
                await response.aread()
        return response

    @asynccontextmanager
    async def _stream(self, request: Request) -> AsyncIterator[httpx.Response]:
        """Send the request and yield its response, the body still unread."""
        await asyncio.sleep(request.delay_seconds)
        content = request.body.async_chunks() if request.body else None
        with translate_errors(self._http.base_url):
            response = await self._http.send(request.build(self._http, content), stream=True)
            async with aclosing(response):
                yield response
