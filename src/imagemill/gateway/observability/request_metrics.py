"""Counts and measures requests, and writes a log line about each."""

import time
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagemill.telemetry.metrics import REQUEST_SECONDS, REQUESTS

log = structlog.get_logger()

METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)
OTHER_METHOD: Final = "_OTHER"  # as OpenTelemetry calls it
UNMATCHED: Final = "unmatched"
ABORTED: Final = "aborted"

# Asked every few seconds by machines that look after the service.
PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


@dataclass(slots=True)
class Exchange:
    """A request and its answer. `status` is 0 until that begins; bytes are those of bodies."""

    received: int = 0
    sent: int = 0
    status: int = 0
    is_quick: bool = True

    def begin(self, message: Message) -> None:
        """Note how the answer begins, and whether it is one that takes its time by intent."""
        headers = Headers(raw=message.get("headers", []))
        self.status = message["status"]
        self.is_quick = not (
            headers.get("content-type", "").startswith("text/event-stream")
            or "wait" in headers.get("preference-applied", "")
        )


class Observed:
    """Notes how much came in, how much went out, and how long that took."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange()
        started = time.perf_counter()

        async def hear() -> Message:
            message = await receive()
            exchange.received += len(message.get("body", b""))
            return message

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.begin(message)
            exchange.sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, hear, say)
        finally:
            _tell(scope, exchange, time.perf_counter() - started)


def method_of(scope: Scope) -> str:
    """Return the method, or one name for all that nobody knows."""
    return scope["method"] if scope["method"] in METHODS else OTHER_METHOD


def route_of(scope: Scope) -> str:
    """Return the path as the route is declared, or one name for all paths that have none."""
    path = getattr(scope.get("route"), "path", None)
    return UNMATCHED if path is None else str(path)


def _tell(scope: Scope, exchange: Exchange, seconds: float) -> None:
    method, route = method_of(scope), route_of(scope)
    status = str(exchange.status) if exchange.status else ABORTED
    REQUESTS.labels(method, route, status).inc()
    if exchange.status and exchange.is_quick:
        REQUEST_SECONDS.labels(method, route).observe(seconds)
    # Neither path nor query: a signed address lets in whoever reads it.
    (log.debug if route in PROBES else log.info)(
        "request.answered",
        method=method,
        route=route,
        status=exchange.status or None,
        seconds=round(seconds, 4),
        received_bytes=exchange.received,
        sent_bytes=exchange.sent,
    )
