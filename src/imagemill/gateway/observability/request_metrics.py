"""Request metrics and the access log."""

import time
from dataclasses import dataclass, field
from typing import Final

import structlog
from starlette.types import Message, Scope

from imagemill.gateway.observability.headers import first_header
from imagemill.telemetry.metrics import request_counter, request_histogram

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

    The response gets the header `id_header`. `is_timed` is false for streams and for waits, which
    take long on purpose.
    """

    id_header: bytes
    request_id: bytes
    started: float = field(default_factory=time.perf_counter)
    received_bytes: int = 0
    sent_bytes: int = 0
    status: int = 0
    is_timed: bool = True

    def start_response(self, message: Message) -> Message:
        """Note the beginning of the response, and return it with the request's id."""
        headers = message.get("headers", [])
        self.status = message["status"]
        self.is_timed = not (
            (first_header(headers, b"content-type") or "").startswith("text/event-stream")
            or "wait" in (first_header(headers, b"preference-applied") or "")
        )
        return {**message, "headers": [*headers, (self.id_header, self.request_id)]}


def method_of(scope: Scope) -> str:
    """Return the method, or one name for every unknown method."""
    return scope["method"] if scope["method"] in METHODS else OTHER_METHOD


def route_of(scope: Scope) -> str:
    """Return the path template of the route, or one name for every path without a route."""
    path = getattr(scope.get("route"), "path", None)
    return UNMATCHED if path is None else str(path)


def record(scope: Scope, exchange: Exchange) -> None:
    """Count, time and log a request that has been answered or aborted."""
    seconds = time.perf_counter() - exchange.started
    method, route = method_of(scope), route_of(scope)
    status = str(exchange.status) if exchange.status else ABORTED
    request_counter(method, route, status).inc()
    if exchange.status and exchange.is_timed:
        request_histogram(method, route).observe(seconds)
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
