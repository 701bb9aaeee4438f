"""An id for each request, on its log lines and on its answer, to find the one by the other."""

import re
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "X-Request-Id"
# What clients and proxies use; anything else could be meant for whoever reads the log.
USABLE: Final = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")


class RequestIds:
    """Names each request as its client did, or anew."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if USABLE.fullmatch(given) else uuid4().hex
        # Never unbound: each request has a context of its own, and what is logged of it last, by
        # the server, is to carry the id too.
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        await self._app(scope, receive, answer)
