"""A span for each request, in its client's trace or a new one.

Names follow OpenTelemetry's semantic conventions for HTTP. The query is left out: it may be the
signature of a link.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagemill.gateway.observability.request_metrics import PROBES, UNMATCHED, method_of, route_of
from imagemill.telemetry.spans import Attributes, normalize_traceparent
from imagemill.telemetry.traces import start_span


class TracingMiddleware:
    """Runs the application within the request's span."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        method = method_of(scope)
        parent = normalize_traceparent(Headers(scope=scope).get("traceparent"))
        attributes: Attributes = {
            "http.request.method": method,
            "url.scheme": scope["scheme"],
            "url.path": scope["path"],
        }
        with start_span(method, "server", parent=parent, attributes=attributes) as served:

            async def send_traced(message: Message) -> None:
                if message["type"] == "http.response.start":
                    served.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:  # noqa: PLR2004 - what the conventions call an error
                        served.fail(str(message["status"]))
                await send(message)

            try:
                await self._app(scope, receive, send_traced)
            finally:
                route = route_of(scope)
                if route != UNMATCHED:
                    served.rename(f"{method} {route}")
                    served.set_attribute("http.route", route)
