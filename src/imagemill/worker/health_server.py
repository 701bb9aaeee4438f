"""The port of a worker: whether it makes progress, and what it has counted.

A server of a few lines, since a worker has no HTTP otherwise: two paths, one request a connection.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from imagemill.blocking import run_in_thread
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.telemetry.metrics import render_metrics
from imagemill.worker.liveness import Liveness

REQUEST_TIMEOUT_SECONDS: Final = 5.0
# Of one line, and of all of them.
MAX_HEAD_BYTES: Final = 16 * 1024

TEXT: Final = "text/plain; charset=utf-8"
METHODS: Final = ("GET", "HEAD")


class Malformed(Exception):
    """What came is no request."""


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request; names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Self:
        """Read a head to its end. Raises Malformed."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise Malformed from error
        first, *lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, _version = first.split(" ")
        except ValueError as error:
            raise Malformed from error
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        return cls(method, target.partition("?")[0], headers)


@dataclass(frozen=True, slots=True)
class Response:
    status: HTTPStatus
    content: bytes
    media_type: str = TEXT

    def encoded(self, *, with_body: bool) -> bytes:
        allow = (
            f"Allow: {', '.join(METHODS)}\r\n"
            if self.status == HTTPStatus.METHOD_NOT_ALLOWED
            else ""
        )
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n"
            f"Content-Type: {self.media_type}\r\n"
            f"Content-Length: {len(self.content)}\r\n"
            f"{allow}Connection: close\r\n\r\n"
        )
        return head.encode() + (self.content if with_body else b"")


@dataclass(frozen=True, slots=True)
class HealthServer:
    """What the worker answers."""

    liveness: Liveness
    sandbox: ConfinementLevel

    @asynccontextmanager
    async def open(self, number: int | None) -> AsyncIterator[None]:
        """Answer on the port of this number, if there is one, while the block runs."""
        if number is None:
            yield
            return
        server = await asyncio.start_server(self._serve, port=number, limit=MAX_HEAD_BYTES)
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
                writer.write(await self._answer(reader))
                await writer.drain()
        except (TimeoutError, ConnectionError):
            pass  # a prober that does not ask, or does not listen, is no concern of ours
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            request = await Request.read(reader)
        except Malformed:
            return Response(HTTPStatus.BAD_REQUEST, b"no request\n").encoded(with_body=True)
        response = await self._respond(request)
        return response.encoded(with_body=request.method != "HEAD")

    async def _respond(self, request: Request) -> Response:
        if request.path not in {"/healthz", "/metrics"}:
            return Response(HTTPStatus.NOT_FOUND, b"here are /healthz and /metrics\n")
        if request.method not in METHODS:
            return Response(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET and HEAD are possible\n")
        if request.path == "/metrics":
            # The state of the process is read from files of the system.
            return Response(
                HTTPStatus.OK, *await run_in_thread(render_metrics, request.headers.get("accept"))
            )
        return self._health()

    def _health(self) -> Response:
        complaint = self.liveness.complaint(time.monotonic())
        if complaint:
            return Response(HTTPStatus.SERVICE_UNAVAILABLE, f"{complaint}\n".encode())
        return Response(HTTPStatus.OK, f"ok, sandbox {self.sandbox}\n".encode())
