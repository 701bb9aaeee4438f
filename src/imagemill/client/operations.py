"""What the client can do, without any input or output of its own.

An operation is a generator: it yields requests, gets their responses, and returns its result. The
methods of `Client` and `AsyncClient` run the same operations; only how they send a request differs.
"""

import math
import random
import time
from collections.abc import Callable, Collection, Generator
from dataclasses import replace
from functools import partial
from io import BytesIO
from itertools import count
from typing import Any, Final, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx

from imagemill.client.backoff import compute_poll_delay, compute_retry_delay
from imagemill.client.download import Download, Target, open_target
from imagemill.client.errors import ClientError, Conflict, NotFound, WaitTimeout
from imagemill.client.models import (
    Capabilities,
    Deliveries,
    Delivery,
    Explanation,
    History,
    HistoryEvent,
    Job,
    JobPage,
    Link,
    Presets,
)
from imagemill.client.request import Request
from imagemill.client.responses import parse, require_success
from imagemill.client.upload_body import Source, UploadBody
from imagemill.client.upload_options import UploadOptions, to_fields
from imagemill.jobs.job import Status

T = TypeVar("T")
Operation = Generator[Request, httpx.Response, T]
JobRef = Job | UUID | str

# The longest that a server holds a response.
MAX_WAIT_SECONDS: Final = 55
PAGE_SIZE: Final = 100
# The digest is that of the bytes as they are stored, not of a compressed transfer.
NO_COMPRESSION: Final = {"Accept-Encoding": "identity"}

RETRIED: Final = frozenset({Status.PENDING, Status.PROCESSING, Status.COMPLETED})


class Operations:
    """The operations of a client that sends each request up to `max_tries` times."""

    def __init__(self, max_tries: int) -> None:
        self.max_tries = max_tries

    def upload(self, source: Source, options: UploadOptions) -> Operation[Job]:
        # Should a response be lost, the next try gets the same job instead of a second one.
        key = options.get("idempotency_key") or str(uuid4())
        wait = _to_wait(options.get("wait") or 0)
        with UploadBody.open(source, options.get("filename"), to_fields(options)) as body:
            request = Request(
                "POST",
                "/upload",
                headers={"Idempotency-Key": key} | _prefer(wait),
                body=body,
                wait_seconds=wait,
            )
            return (yield from self._send(request, partial(parse, Job)))

    def read_job(self, job: JobRef, wait: int = 0, delay_seconds: float = 0) -> Operation[Job]:
        request = Request(
            "GET",
            _path(job),
            headers=_prefer(wait),
            wait_seconds=wait,
            delay_seconds=delay_seconds,
        )
        return (yield from self._send(request, partial(parse, Job)))

    def wait(self, job: JobRef, timeout_seconds: float | None) -> Operation[Job]:
        if isinstance(job, Job) and job.has_ended:
            return job
        until = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
        for polls in count():
            # A server that holds its response needs no pause between polls; others get one.
            delay = compute_poll_delay(polls).total_seconds() if polls else 0
            left = _to_wait(until - time.monotonic())
            current = yield from self.read_job(job, left, delay)
            if current.has_ended:
                return current
            if time.monotonic() >= until:
                raise WaitTimeout(current, timeout_seconds or 0)
        raise AssertionError("count never ends")

    def list_page(
        self, status: Status | str | Collection[Status | str], page_size: int, cursor: str | None
    ) -> Operation[JobPage]:
        statuses = [status] if isinstance(status, str) else status
        query = [("status", str(one)) for one in statuses] + [("limit", str(page_size))]
        if cursor is not None:
            query.append(("cursor", cursor))
        return (yield from self._send(Request("GET", "/jobs", query), partial(parse, JobPage)))

    def read_history(self, job: JobRef) -> Operation[tuple[HistoryEvent, ...]]:
        request = Request("GET", f"{_path(job)}/history")
        return (yield from self._send(request, partial(parse, History))).events

    def explain(self, job: JobRef) -> Operation[Explanation]:
        request = Request("GET", f"{_path(job)}/explain")
        return (yield from self._send(request, partial(parse, Explanation)))

    def list_deliveries(self, job: JobRef) -> Operation[tuple[Delivery, ...]]:
        request = Request("GET", f"{_path(job)}/deliveries")
        return (yield from self._send(request, partial(parse, Deliveries))).deliveries

    def redeliver(self, job: JobRef, n: int) -> Operation[Delivery]:
        request = Request("POST", f"{_path(job)}/deliveries/{n}/redeliver")
        return (yield from self._send(request, partial(parse, Delivery)))

    def download(self, job: JobRef, target: Target, output: str | None) -> Operation[None]:
        name = output or (yield from self._first_output(job))
        yield from self._download(f"{_path(job)}/outputs/{quote(name, safe='')}", target)

    def download_input(self, job: JobRef, target: Target) -> Operation[None]:
        yield from self._download(f"{_path(job)}/input", target)

    def read_output(self, job: JobRef, output: str | None) -> Operation[bytes]:
        file = BytesIO()
        yield from self.download(job, file, output)
        return file.getvalue()

    def create_link(self, job: JobRef, output: str | None, expires_in: int) -> Operation[Link]:
        name = output or (yield from self._first_output(job))
        request = Request(
            "POST",
            f"{_path(job)}/outputs/{quote(name, safe='')}/link",
            json={"expires_in": expires_in},
        )
        return (yield from self._send(request, _parse_link))

    def cancel(self, job: JobRef) -> Operation[Job]:
        return (yield from self._change(job, "cancel", {Status.CANCELED}))

    def retry(self, job: JobRef) -> Operation[Job]:
        return (yield from self._change(job, "retry", RETRIED))

    def delete(self, job: JobRef) -> Operation[None]:
        try:
            yield from self._send(Request("DELETE", _path(job)), lambda _: None)
        except NotFound as error:
            if error.tries == 1:  # otherwise a try whose response was lost has deleted it
                raise

    def read_presets(self) -> Operation[dict[str, Any]]:
        request = Request("GET", "/presets")
        return (yield from self._send(request, partial(parse, Presets))).presets

    def read_capabilities(self) -> Operation[Capabilities]:
        request = Request("GET", "/capabilities")
        return (yield from self._send(request, partial(parse, Capabilities)))

    def _send(self, request: Request, read: Callable[[httpx.Response], T]) -> Operation[T]:
        """Return what `read` makes of the response; transient errors are retried."""
        for tries in count(1):
            try:
                response = yield request
                require_success(response)
                return read(response)
            except ClientError as error:
                error.tries = tries
                if not error.is_transient or tries >= self.max_tries:
                    raise
                draw = random.random()  # noqa: S311 - a delay is no secret
                delay = compute_retry_delay(tries, error.retry_after, draw)
            request = replace(request, delay_seconds=delay.total_seconds())
        raise AssertionError("count never ends")

    def _change(self, job: JobRef, action: str, reached: Collection[Status]) -> Operation[Job]:
        """Change the job's status.

        A try whose response was lost may have done so: the next one is then a conflict.
        """
        try:
            request = Request("POST", f"{_path(job)}/{action}")
            return (yield from self._send(request, partial(parse, Job)))
        except Conflict as conflict:
            if conflict.tries == 1:
                raise
            current = yield from self.read_job(job)
            if current.status not in reached:
                raise
            return current

    def _download(self, path: str, target: Target) -> Operation[None]:
        with open_target(target) as file:
            download = Download(file)
            request = Request("GET", path, headers=NO_COMPRESSION, download=download)
            yield from self._send(request, download.verify)

    def _first_output(self, job: JobRef) -> Operation[str]:
        if not (isinstance(job, Job) and job.has_ended):
            job = yield from self.read_job(job)
        return job.require_completed().outputs[0].name


def to_id(job: JobRef) -> UUID:
    """Return the job's id. Raises ValueError when it is none."""
    if isinstance(job, Job):
        return job.id
    try:
        return job if isinstance(job, UUID) else UUID(job)
    except ValueError:
        raise ValueError(f"{job!r} is not the id of a job.") from None


def _path(job: JobRef) -> str:
    return f"/jobs/{to_id(job)}"


def _to_wait(seconds: float) -> int:
    """Return the whole seconds for `Prefer: wait`."""
    return max(0, math.ceil(min(seconds, MAX_WAIT_SECONDS)))


def _prefer(wait: int) -> dict[str, str]:
    return {"Prefer": f"wait={wait}"} if wait else {}


def _parse_link(response: httpx.Response) -> Link:
    link = parse(Link, response)
    return link.model_copy(update={"url": str(response.url.join(link.url))})
