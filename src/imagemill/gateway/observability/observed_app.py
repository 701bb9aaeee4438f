"""ASGI middleware around the application: request ids, metrics, the access log and spans.

One middleware for all of them: each more costs every request, and every message of its body, two
more calls. It also answers errors that nobody handles, so that they are observed like any response.
"""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagemill.gateway.observability.log_context import HEADER, choose_request_id
from imagemill.gateway.observability.request_metrics import Exchange, record
from imagemill.gateway.observability.tracing import RequestSpan, request_span
from imagemill.gateway.problem import internal_error


class ObservedApp:
    """The application, observed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = choose_request_id(scope)
        # Never unbound: each request has its own context, and the server's last log line of a
        # request carries the id too.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        exchange = Exchange(HEADER, request_id.encode())
        try:
            with request_span(scope) as span:
                await self._serve(scope, receive, send, exchange, span)
        finally:
            record(scope, exchange)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, span: RequestSpan
    ) -> None:
        async def receive_observed() -> Message:
            message = await receive()
            exchange.received_bytes += len(message.get("body", b""))
            return message

        async def send_observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = exchange.start_response(message)
                span.start_response(exchange.status)
            exchange.sent_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive_observed, send_observed)
        except Exception:
            if not exchange.status:
                await internal_error()(scope, receive_observed, send_observed)
            raise  # the server logs it
