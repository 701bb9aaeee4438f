"""Request metrics and the access log."""

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

# Requested by monitoring every few seconds.
PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


@dataclass(slots=True)
class Exchange:
    """A request and its response: bytes of their bodies, and the status, 0 before a response.

    `is_timed` is false for streams and for waits, which take long on purpose.
    """

    received_bytes: int = 0
    sent_bytes: int = 0
    status: int = 0
    is_timed: bool = True

    def start_response(self, message: Message) -> None:
        headers = Headers(raw=message.get("headers", []))
        self.status = message["status"]
        self.is_timed = not (
            headers.get("content-type", "").startswith("text/event-stream")
            or "wait" in headers.get("preference-applied", "")
        )


class RequestMetricsMiddleware:
    """Measures each request: bytes received, bytes sent, status and duration."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange()
        started = time.perf_counter()

        async def receive_counted() -> Message:
            message = await receive()
            exchange.received_bytes += len(message.get("body", b""))
            return message

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.start_response(message)
            exchange.sent_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive_counted, send_counted)
        finally:
            _record(scope, exchange, time.perf_counter() - started)


def method_of(scope: Scope) -> str:
    """Return the method, or one name for every unknown method."""
    return scope["method"] if scope["method"] in METHODS else OTHER_METHOD


def route_of(scope: Scope) -> str:
    """Return the path template of the route, or one name for every path without a route."""
    path = getattr(scope.get("route"), "path", None)
    return UNMATCHED if path is None else str(path)


def _record(scope: Scope, exchange: Exchange, seconds: float) -> None:
    method, route = method_of(scope), route_of(scope)
    status = str(exchange.status) if exchange.status else ABORTED
    REQUESTS.labels(method, route, status).inc()
    if exchange.status and exchange.is_timed:
        REQUEST_SECONDS.labels(method, route).observe(seconds)
    # Neither path nor query: a signed link gives access to anyone who reads the log.
    (log.debug if route in PROBES else log.info)(
        "request.answered",
        method=method,
        route=route,
        status=exchange.status or None,
        seconds=round(seconds, 4),
        received_bytes=exchange.received_bytes,
        sent_bytes=exchange.sent_bytes,
    )
