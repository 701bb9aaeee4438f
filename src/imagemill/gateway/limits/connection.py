"""uvicorn's connection with limits on slow clients and large headers, which uvicorn lacks.

Headers have a time-out and a maximum size, bodies a minimum rate (min_rate_receiver.py), and
responses must be read at that rate; otherwise the connection is closed. A request that is refused
before its body was read still gets its response (lingering_transport.py), as a problem. A request
that offers another protocol is served as if it did not (ignored_upgrade.py).
"""

import asyncio
import select
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

import httptools
import structlog
from fastapi import Request
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from imagemill.gateway.limits.connection_limiter import ConnectionLimiter
from imagemill.gateway.limits.ignored_upgrade import head_without_upgrade
from imagemill.gateway.limits.lingering_transport import LingeringTransport
from imagemill.gateway.limits.min_rate_receiver import MIN_BYTES_PER_SECOND, MinRateReceiver
from imagemill.gateway.problem import (
    HEADERS_TOO_LARGE,
    MALFORMED,
    REQUEST_TIMEOUT,
    ProblemKind,
    problem,
)

# Enough for a pipeline as a query parameter, which an upload of a bare image may have.
MAX_HEADER_BYTES: Final = 64 * 1024
MAX_HEADERS: Final = 100

# The only method whose requests are a change of protocol themselves.
CONNECT: Final = b"CONNECT"

HAS_DISCONNECTED: Final = "has_disconnected"
# Linux reports that the peer closed its side even while its bytes are still unread.
PEER_CLOSED: Final = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to receive headers; per pause in a body or in reading; idle between requests."""

    headers: float
    body: float
    idle: float


class TooManyHeaders(Exception):
    """A request has more headers than allowed. Ends its parsing."""


class Connection(HttpToolsProtocol):
    """One client's connection; subclasses made by `connection_class` set its limits."""

    timeouts: ClassVar[Timeouts]
    limiter: ClassVar[ConnectionLimiter]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as uvicorn has them
        super().__init__(*args, **kwargs)
        self.timeout_keep_alive = self.timeouts.idle  # type: ignore[assignment]  # a float works as well
        self.app = _LimitedApp(self, self.app)
        self._header_bytes = 0
        self._headers = 0
        self._is_reading_headers = True
        self._header_timer: asyncio.TimerHandle | None = None
        self._read_timer: asyncio.TimerHandle | None = None
        self._unread_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        self._lingering = LingeringTransport(transport, self.timeouts.body)
        super().connection_made(cast("asyncio.Transport", self._lingering))
        self._start_header_timer()
        self.limiter.mark_idle(self)
        if len(self.connections) > self.limiter.max_connections:
            self.limiter.close_longest_idle()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._header_timer, self._read_timer):
            if timer is not None:
                timer.cancel()
        self.limiter.mark_busy(self)
        super().connection_lost(exc)
        self._lingering.note_lost()

    def data_received(self, data: bytes) -> None:
        if self._lingering.is_lingering:
            self._lingering.note_discarded()
            return
        if self._is_reading_headers:
            self._header_bytes += len(data)
            self._start_header_timer()
        self._parse(data)
        if self._is_reading_headers and self._header_bytes > MAX_HEADER_BYTES:
            self._refuse(HEADERS_TOO_LARGE, f"The headers exceed {MAX_HEADER_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._headers = 0
        self._start_header_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        if self._headers > MAX_HEADERS:  # trailers are counted too
            raise TooManyHeaders
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():  # parsed once more, without the offer
            return
        self._is_reading_headers = False
        self.limiter.mark_busy(self)
        self._lingering.is_body_pending = True
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
        self.scope["state"][HAS_DISCONNECTED] = self.has_disconnected
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._is_reading_headers = True
        self._header_bytes = 0
        self._lingering.is_body_pending = False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._lingering.is_closing() and not self._is_answering():
            self.limiter.mark_idle(self)

    def send_400_response(self, msg: str) -> None:
        if self._headers > MAX_HEADERS:
            self._refuse(HEADERS_TOO_LARGE, f"The request has more than {MAX_HEADERS} headers.")
        else:
            self._refuse(MALFORMED, msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_bytes = self._lingering.get_write_buffer_size()
        self._start_read_timer()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._read_timer is not None:
            self._read_timer.cancel()

    def close_idle(self) -> None:
        """Close the connection to make room for another."""
        self._lingering.abort()

    def is_body_pending(self) -> bool:
        """Return whether the body of the current request has not been received completely."""
        return self._lingering.is_body_pending

    def has_arrived(self) -> bool:
        """Return whether more of the body has been received than the application has read."""
        return self.cycle.message_event.is_set()

    def has_disconnected(self) -> bool:
        """Return whether the client closed its side, even while its bytes are still unread.

        Not detected while more bytes are in flight than fit the kernel's receive buffer.
        """
        socket = self._lingering.get_extra_info("socket")
        if self._lingering.is_closing() or socket.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(socket.fileno(), PEER_CLOSED)
        return bool(poll.poll(0))

    def _parse(self, data: bytes) -> None:
        """Parse received bytes, as uvicorn does, and begin again where an upgrade is offered."""
        self._unset_keepalive_if_required()
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._restart_parser(data[offer.args[0] :])
            except httptools.HttpParserError as error:
                log.debug("request.malformed", reason=str(error))
                self.send_400_response("The request is not valid HTTP.")
                return
            else:
                return

    def _restart_parser(self, rest: bytes) -> bytes:
        """Return what a new parser is to parse: the head without the offer, and what followed."""
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == CONNECT:
            self.send_400_response("CONNECT is for proxies.")
            return b""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's is
        return head_without_upgrade(method, self.url, version, self.headers) + rest

    def _start_header_timer(self) -> None:
        if self._header_timer is None:
            self._header_timer = self.loop.call_later(self.timeouts.headers, self._time_out_headers)

    def _time_out_headers(self) -> None:
        self._header_timer = None
        if self._is_answering():
            self._start_header_timer()  # the client only sent its next request early
        elif self._header_bytes:
            self._refuse(
                REQUEST_TIMEOUT,
                f"The headers were not received within {self.timeouts.headers:g} s.",
            )
        else:
            self._lingering.close()

    def _start_read_timer(self) -> None:
        self._read_timer = self.loop.call_later(self.timeouts.body, self._check_read_rate)

    def _check_read_rate(self) -> None:
        unread_before, self._unread_bytes = (
            self._unread_bytes,
            self._lingering.get_write_buffer_size(),
        )
        if unread_before - self._unread_bytes < MIN_BYTES_PER_SECOND * self.timeouts.body:
            self._lingering.abort()
        else:
            self._start_read_timer()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        return cycle is not None and not cycle.response_complete

    def _refuse(self, kind: ProblemKind, detail: str) -> None:
        """Respond to a request that never reaches the application, and close the connection."""
        if self._is_answering():
            has_started = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if has_started:  # a second response inside the first would corrupt it
                self._lingering.abort()
                return
        response = problem(kind, detail, {"Connection": "close"})
        headers = [*self.server_state.default_headers, *response.raw_headers]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self._lingering.write(
            STATUS_LINE[response.status_code] + lines + b"\r\n" + bytes(response.body)
        )
        self._lingering.is_body_pending = True
        self._lingering.close()


class _LimitedApp:
    """The application behind one connection.

    Bodies have a minimum rate. A response before the end of the body closes the connection.
    """

    def __init__(self, connection: Connection, app: Any) -> None:  # noqa: ANN401 - uvicorn's type
        self._connection = connection
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = self._connection
        limited_receive = MinRateReceiver(receive, connection.timeouts.body, connection.has_arrived)

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                limited_receive.stop()
                if connection.is_body_pending():
                    close = (b"connection", b"close")
                    message = {**message, "headers": [*message["headers"], close]}
            await send(message)

        await self._app(scope, limited_receive, send_last)


def connection_class(timeouts: Timeouts, max_connections: int) -> type[Connection]:
    """Return a class of connections with these limits: uvicorn takes a class for `http`."""
    limits = {"timeouts": timeouts, "limiter": ConnectionLimiter(max_connections)}
    return type(Connection.__name__, (Connection,), limits)


def has_disconnected(request: Request) -> bool:
    """Return whether the client of this request is known to have disconnected."""
    check = getattr(request.state, HAS_DISCONNECTED, None)
    return check is not None and check()
