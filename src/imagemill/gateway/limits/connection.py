"""A connection whose client may take its time, but not any time; uvicorn's protocol has no bounds.

Headers come within a time and are of a size, bodies keep a pace (pace.py), and answers are read at
it; else the connection ends. What is refused before its body has come is answered nevertheless
(closing.py), as a problem like all other refusals.
"""

import asyncio
import select
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast

from fastapi import Request
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from imagemill.gateway.limits.connection_limiter import ConnectionLimiter
from imagemill.gateway.limits.lingering_transport import LingeringTransport
from imagemill.gateway.limits.min_rate_receiver import LEAST_BYTES_PER_SECOND, MinRateReceiver
from imagemill.gateway.limits.timeouts import Timeouts
from imagemill.gateway.problem import Kind, problem

# Enough for a pipeline as a query parameter, as an upload of a bare image may have it.
MOST_HEAD_BYTES: Final = 64 * 1024
MOST_HEADERS: Final = 100

TIMED_OUT: Final = Kind(HTTPStatus.REQUEST_TIMEOUT, "request-timeout")
TOO_LARGE: Final = Kind(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large")
MALFORMED: Final = Kind(HTTPStatus.BAD_REQUEST, "malformed-request")

HAS_LEFT: Final = "has_left"
# Linux tells that the other side has ended although bytes of it are still unread.
ENDED: Final = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class HeadTooLarge(Exception):
    """A request's headers are over a bound. Ends the parsing."""


class Connection(HttpToolsProtocol):
    """One client's connection, with what it is waited for."""

    patience: ClassVar[Timeouts]
    crowd: ClassVar[ConnectionLimiter]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as uvicorn has them
        super().__init__(*args, **kwargs)
        self.timeout_keep_alive = self.patience.idle  # type: ignore[assignment]  # parts of a second are as good
        self.app = _Answering(self, self.app)
        self._head_bytes = 0
        self._headers = 0
        self._is_in_head = True
        self._head_timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
        self._unread_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        self._way = LingeringTransport(transport, self.patience.body)
        super().connection_made(cast("asyncio.Transport", self._way))
        self._await_head()
        self.crowd.waits(self)
        if len(self.connections) > self.crowd.most:
            self.crowd.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head_timer, self._reading_timer):
            if timer is not None:
                timer.cancel()
        self.crowd.works(self)
        super().connection_lost(exc)
        self._way.lost()

    def data_received(self, data: bytes) -> None:
        if self._way.is_lingering:
            self._way.heard()
            return
        if self._is_in_head:
            self._head_bytes += len(data)
            self._await_head()
        super().data_received(data)
        if self._is_in_head and self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(TOO_LARGE, f"Headers may have {MOST_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._headers = 0
        self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        if self._headers > MOST_HEADERS:  # trailers are counted too
            raise HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self.crowd.works(self)
        self._way.is_body_pending = True
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self.scope["state"][HAS_LEFT] = self.has_left
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_head = True
        self._head_bytes = 0
        self._way.is_body_pending = False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._way.is_closing() and not self._is_answering():
            self.crowd.waits(self)

    def send_400_response(self, msg: str) -> None:
        if self._headers > MOST_HEADERS:
            self._refuse(TOO_LARGE, f"There may be {MOST_HEADERS} headers.")
        else:
            self._refuse(MALFORMED, msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_bytes = self._way.get_write_buffer_size()
        self._await_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reading_timer is not None:
            self._reading_timer.cancel()

    def leave(self) -> None:
        """Make room for another connection."""
        self._way.abort()

    def is_early(self) -> bool:
        """Whether the request that is being answered has not come to its end."""
        return self._way.is_body_pending

    def has_left(self) -> bool:
        """Whether the client has closed its side, even if bytes of it wait to be read.

        Not seen is an end behind more bytes than the system keeps for this side.
        """
        socket = self._way.get_extra_info("socket")
        if self._way.is_closing() or socket.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(socket.fileno(), ENDED)
        return bool(poll.poll(0))

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.patience.headers, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._is_answering():
            self._await_head()  # it only sends its next request too early
        elif self._head_bytes:
            self._refuse(TIMED_OUT, f"Headers must come within {self.patience.headers:g} s.")
        else:
            self._way.close()

    def _await_reader(self) -> None:
        self._reading_timer = self.loop.call_later(self.patience.body, self._look_at_reader)

    def _look_at_reader(self) -> None:
        before, self._unread_bytes = self._unread_bytes, self._way.get_write_buffer_size()
        if before - self._unread_bytes < LEAST_BYTES_PER_SECOND * self.patience.body:
            self._way.abort()
        else:
            self._await_reader()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        return cycle is not None and not cycle.response_complete

    def _refuse(self, kind: Kind, detail: str) -> None:
        """Answer what never reaches the application, and end the connection."""
        if self._is_answering():
            started = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if started:  # another answer in the middle of that one would be a lie
                self._way.abort()
                return
        answer = problem(kind, detail, {"Connection": "close"})
        headers = [*self.server_state.default_headers, *answer.raw_headers]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self._way.write(STATUS_LINE[answer.status_code] + lines + b"\r\n" + bytes(answer.body))
        self._way.is_body_pending = True
        self._way.close()


class _Answering:
    """The application of one connection: bodies come at a pace, early answers are the last."""

    def __init__(self, connection: Connection, app: Any) -> None:  # noqa: ANN401 - uvicorn's type
        self._connection = connection
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        paced = MinRateReceiver(receive, self._connection.patience.body)

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                paced.end()
                if self._connection.is_early():
                    close = (b"connection", b"close")
                    message = {**message, "headers": [*message["headers"], close]}
            await send(message)

        await self._app(scope, paced, send_last)


def bounded(patience: Timeouts, most: int) -> type[Connection]:
    """Return the class, as uvicorn wants it, of connections so patient and so many."""
    bounds = {"patience": patience, "crowd": ConnectionLimiter(most)}
    return type(Connection.__name__, (Connection,), bounds)


def has_left(request: Request) -> bool:
    """Whether the client of this request has gone, as far as its connection can tell."""
    ask = getattr(request.state, HAS_LEFT, None)
    return ask is not None and ask()
