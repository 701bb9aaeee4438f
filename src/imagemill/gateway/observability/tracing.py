"""A span for each request, in its client's trace or a new one.

Names follow OpenTelemetry's semantic conventions for HTTP. The query is left out: it may be the
signature of a link.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from imagemill.gateway.observability.headers import first_header
from imagemill.gateway.observability.request_metrics import PROBES, UNMATCHED, method_of, route_of
from imagemill.gateway.root_path import route_path
from imagemill.telemetry.spans import Attributes, Span, normalize_traceparent
from imagemill.telemetry.traces import is_recording, start_span


@dataclass(frozen=True, slots=True)
class RequestSpan:
    """The span of a request."""

    span: Span

    def start_response(self, status: int) -> None:
        """Record the status of the response."""
        self.span.set_attribute("http.response.status_code", status)
        if status >= 500:  # noqa: PLR2004 - what the conventions call an error
            self.span.fail(str(status))


UNTRACED: Final = RequestSpan(Span())


def request_span(scope: Scope) -> AbstractContextManager[RequestSpan]:
    """Run the request in a span, if there is a trace that it belongs to."""
    traceparent = first_header(scope["headers"], b"traceparent")
    if route_path(scope) in PROBES or not (traceparent or is_recording()):
        return nullcontext(UNTRACED)
    return _start_request_span(scope, traceparent)


@contextmanager
def _start_request_span(scope: Scope, traceparent: str | None) -> Iterator[RequestSpan]:
    method = method_of(scope)
    attributes: Attributes = {
        "http.request.method": method,
        "url.scheme": scope["scheme"],
        "url.path": scope["path"],
    }
    parent = normalize_traceparent(traceparent)
    with start_span(method, "server", parent=parent, attributes=attributes) as served:
        try:
            yield RequestSpan(served)
        finally:
            route = route_of(scope)
            if route != UNMATCHED:
                served.rename(f"{method} {route}")
                served.set_attribute("http.route", route)
