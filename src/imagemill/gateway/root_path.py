"""The prefix of the service behind a proxy: `ROOT_PATH`, or the proxy's `X-Forwarded-Prefix`.

A proxy may remove the prefix from the paths it passes on, or leave it: both are served. In the
scope `root_path` is the prefix, without a slash at its end, and `path` begins with it, as ASGI has
them.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from imagemill.settings.values import PATH_PREFIX

FORWARDED_PREFIX: Final = b"x-forwarded-prefix"


class ForwardedApp(ProxyHeadersMiddleware):
    """ASGI middleware that applies what a trusted proxy says of a request, and the prefix."""

    def __init__(self, app: ASGIApp, trusted_networks: str, root_path: str) -> None:
        super().__init__(app, trusted_networks)  # type: ignore[arg-type]  # uvicorn's own types
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        prefix = self._forwarded_prefix(scope) or self._root_path
        if prefix:
            _apply(scope, prefix)
        await super().__call__(scope, receive, send)  # type: ignore[arg-type]

    def _forwarded_prefix(self, scope: Scope) -> str:
        """Return the prefixes of all proxies, outermost first; "" if there is no valid one."""
        client = scope["client"]
        if client is None or client[0] not in self.trusted_hosts:
            return ""
        lines = [value for name, value in scope["headers"] if name == FORWARDED_PREFIX]
        if not lines:
            return ""
        prefixes = [one.strip() for line in lines for one in line.decode("latin-1").split(",")]
        if not all(PATH_PREFIX.fullmatch(one) for one in prefixes):
            return ""
        return "".join(one.rstrip("/") for one in prefixes)


def route_path(scope: Scope) -> str:
    """Return the path without the prefix."""
    path: str = scope["path"]
    return path[len(scope["root_path"]) :]


def _apply(scope: Scope, prefix: str) -> None:
    scope["root_path"] = prefix
    if not scope["path"].startswith(f"{prefix}/"):
        scope["path"] = prefix + scope["path"]
        scope["raw_path"] = prefix.encode() + scope["raw_path"]
