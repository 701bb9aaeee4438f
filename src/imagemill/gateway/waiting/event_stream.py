"""The response of a stream of server-sent events, which lasts until its events end.

sse-starlette's own response uses four tasks and a task group per stream, and half as much memory
again. This one uses one extra task, which sends comments and notices that the client disconnects.
A client that does not read is disconnected by gateway/limits/connection.py, and all streams end
when the gateway stops (waiter_registry.py).
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from http import HTTPStatus
from typing import Final

from fastapi import Response
from starlette.types import Message, Receive, Scope, Send

# Something is sent at least every fifteen seconds.
COMMENT_INTERVAL_SECONDS: Final = 10.0
COMMENT: Final = b": keep-alive\n\n"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}


class EventStream(Response):
    """Sends events to one client; `resources` are closed when the client or the events end."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes], resources: AsyncExitStack) -> None:
        self.status_code = HTTPStatus.OK.value
        self.background = None
        self.init_headers(HEADERS)
        self._events = events
        self._resources = resources
        self._has_disconnected = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        sender = asyncio.current_task()
        if sender is None:
            raise AssertionError("a running loop without a task")
        async with self._resources, aclosing(self._events) as events:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            keep_alive = asyncio.create_task(self._keep_alive(receive, send, sender))
            try:
                async for event in events:
                    await send(_chunk(event))
                await send(_chunk(b"", more=False))
            except asyncio.CancelledError:
                if not self._has_disconnected:
                    raise
                sender.uncancel()
            finally:
                keep_alive.cancel()

    async def _keep_alive(self, receive: Receive, send: Send, sender: asyncio.Task[object]) -> None:
        """Send comments until the client disconnects, then cancel the sender."""
        while not self._has_disconnected:
            try:
                async with asyncio.timeout(COMMENT_INTERVAL_SECONDS):
                    self._has_disconnected = (await receive())["type"] == "http.disconnect"
            except TimeoutError:
                await send(_chunk(COMMENT))
        sender.cancel()


def _chunk(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
