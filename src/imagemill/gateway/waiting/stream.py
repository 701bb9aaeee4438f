"""An answer that goes on for as long as there are events to tell, or a client to hear them.

sse-starlette's own response takes four tasks and a task group a stream, and with them half as much
memory again. This one takes a second task, which comments now and then and hears that the client
leaves. One that does not read is cut off by its connection (gateway/limits/connection.py), and the
hub ends all streams when the gateway is being stopped.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from http import HTTPStatus
from typing import Final

from fastapi import Response
from starlette.types import Message, Receive, Scope, Send

# Something is sent at least every fifteen seconds.
COMMENT_SECONDS: Final = 10.0
COMMENT: Final = b": still here\n\n"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # or nginx would hold events back
}


class Stream(Response):
    """Events for one client; what they come from is closed when the client goes, or they end."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes], source: AsyncExitStack) -> None:
        self.status_code = HTTPStatus.OK.value
        self.background = None
        self.init_headers(HEADERS)
        self._events = events
        self._source = source
        self._has_left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        telling = asyncio.current_task()
        if telling is None:
            raise AssertionError("a running loop without a task")
        async with self._source, aclosing(self._events) as events:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            listening = asyncio.create_task(self._listen(receive, send, telling))
            try:
                async for event in events:
                    await send(_chunk(event))
                await send(_chunk(b"", more=False))
            except asyncio.CancelledError:
                if not self._has_left:
                    raise
                telling.uncancel()
            finally:
                listening.cancel()

    async def _listen(self, receive: Receive, send: Send, telling: asyncio.Task[object]) -> None:
        """Comment now and then, until the client leaves; then there is nobody to be told."""
        while not self._has_left:
            try:
                async with asyncio.timeout(COMMENT_SECONDS):
                    self._has_left = (await receive())["type"] == "http.disconnect"
            except TimeoutError:
                await send(_chunk(COMMENT))
        telling.cancel()


def _chunk(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
