"""HTTP server of a worker for its liveness (`/healthz`) and its metrics (`/metrics`).

Written by hand, since a worker needs no web framework otherwise: one request a connection.
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
# Limits a single line as well as the whole head.
MAX_HEAD_BYTES: Final = 16 * 1024

TEXT: Final = "text/plain; charset=utf-8"
METHODS: Final = ("GET", "HEAD")


class MalformedRequest(Exception):
    """What was received is not an HTTP request."""


@dataclass(frozen=True, slots=True)
class Request:
    """Head of a request; the names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Self:
        """Read the head of a request. Raises MalformedRequest."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise MalformedRequest from error
        first, *lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, _version = first.split(" ")
        except ValueError as error:
            raise MalformedRequest from error
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        return cls(method, target.partition("?")[0], headers)


@dataclass(frozen=True, slots=True)
class Response:
    status: HTTPStatus
    content: bytes
    media_type: str = TEXT

    def encode(self, *, with_body: bool) -> bytes:
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
    """Server on the health port; `level` is how far image processes are confined."""

    liveness: Liveness
    level: ConfinementLevel

    @asynccontextmanager
    async def open(self, port: int | None) -> AsyncIterator[None]:
        """Listen on the port while the block runs; without one, do nothing."""
        if port is None:
            yield
            return
        server = await asyncio.start_server(self._serve, port=port, limit=MAX_HEAD_BYTES)
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
                writer.write(await self._answer(reader))
                await writer.drain()
        except (TimeoutError, ConnectionError):
            pass  # the client sent no request in time, or disconnected
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            request = await Request.read(reader)
        except MalformedRequest:
            return Response(HTTPStatus.BAD_REQUEST, b"The request is malformed.\n").encode(
                with_body=True
            )
        response = await self._respond(request)
        return response.encode(with_body=request.method != "HEAD")

    async def _respond(self, request: Request) -> Response:
        if request.path not in {"/healthz", "/metrics"}:
            return Response(HTTPStatus.NOT_FOUND, b"Only /healthz and /metrics are served.\n")
        if request.method not in METHODS:
            return Response(HTTPStatus.METHOD_NOT_ALLOWED, b"Only GET and HEAD are allowed.\n")
        if request.path == "/metrics":
            # Reads files under /proc.
            return Response(
                HTTPStatus.OK, *await run_in_thread(render_metrics, request.headers.get("accept"))
            )
        return self._health()

    def _health(self) -> Response:
        now = time.monotonic()
        failure, complaints = self.liveness.failure(now), self.liveness.complaints(now)
        if failure:
            status, first = HTTPStatus.SERVICE_UNAVAILABLE, failure
        elif complaints:
            status, first = HTTPStatus.OK, f"alive, sandbox {self.level}"
        else:
            status, first = HTTPStatus.OK, f"ok, sandbox {self.level}"
        lines = [first, *(one for one in complaints if one != failure)]
        return Response(status, "".join(f"{line}\n" for line in lines).encode())
