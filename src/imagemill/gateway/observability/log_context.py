"""The ids of the request and of its job, on every log line of the request."""

import re
from typing import Final
from uuid import UUID, uuid4

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "X-Request-Id"
# What clients and proxies use; any other text could be meant to inject something into the log.
VALID_ID: Final = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")


class RequestIdMiddleware:
    """Gives each request the id that its client sent, or a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent_id = Headers(scope=scope).get(HEADER, "")
        request_id = sent_id if VALID_ID.fullmatch(sent_id) else uuid4().hex
        # Never unbound: each request has its own context, and the server's last log line of a
        # request carries the id too.
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


async def bind_job_id(request: Request) -> None:
    """Add the job id in the request's path, if there is one, to the log lines that follow."""
    try:
        job_id = UUID(request.path_params["id"])
    except (KeyError, ValueError):
        return
    structlog.contextvars.bind_contextvars(job_id=str(job_id))
