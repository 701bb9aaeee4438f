"""Whether the worker makes progress, and the port where it says so.

A process that runs may still hang. This one is healthy while its loop turns and PostgreSQL
answers; both are noted as they happen, so that a busy worker is never taken for a dead one.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from imagemill.imaging.confine.level import Level

PATIENCE_SECONDS: Final = 60.0
REQUEST_TIMEOUT_SECONDS: Final = 5.0


@dataclass(slots=True)
class Pulse:
    """When the loop last turned and when PostgreSQL last answered, in monotonic seconds."""

    turned_at: float = field(default_factory=time.monotonic)
    answered_at: float = field(default_factory=time.monotonic)

    def turned(self) -> None:
        self.turned_at = time.monotonic()

    def answered(self) -> None:
        self.answered_at = time.monotonic()

    def complaint(self, now: float) -> str | None:
        """Return what is wrong, or None while the worker is healthy."""
        if now - self.turned_at > PATIENCE_SECONDS:
            return f"the loop has not turned for {now - self.turned_at:.0f} s"
        if now - self.answered_at > PATIENCE_SECONDS:
            return f"PostgreSQL has not answered for {now - self.answered_at:.0f} s"
        return None


@asynccontextmanager
async def serve_health(pulse: Pulse, sandbox: Level, port: int | None) -> AsyncIterator[None]:
    """Answer `GET /healthz` on the port, if there is one, while the block runs.

    The answer also says how far the worker's children are confined.
    """
    if port is None:
        yield
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
                request = await reader.readline()
                writer.write(_response(request, pulse.complaint(time.monotonic()), sandbox))
                await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            pass  # a prober that does not ask, or does not listen, is no concern of ours
        finally:
            writer.close()

    server = await asyncio.start_server(answer, port=port)
    async with server:
        yield


def _response(request: bytes, complaint: str | None, sandbox: Level) -> bytes:
    if request.split(b" ")[:2] != [b"GET", b"/healthz"]:
        status, body = "404 Not Found", "only GET /healthz is here\n"
    elif complaint:
        status, body = "503 Service Unavailable", f"{complaint}\n"
    else:
        status, body = "200 OK", f"ok, sandbox {sandbox}\n"
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return (head + body).encode()
