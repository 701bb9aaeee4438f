"""Guards a gateway that asks for no key from the web pages that its user visits.

While there is no API key, whoever reaches the gateway may use it. On a loopback address that is
everything on this machine: also the browser, and with it every page that it shows. A page can make
its own name resolve to 127.0.0.1 (DNS rebinding) and then read all answers; its requests have that
name in `Host`. It can also send a form to any address; browsers mark such requests with `Origin` or
`Sec-Fetch-Site` (Fetch standard, 3.2; Fetch Metadata Request Headers). Other programs send neither.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from imagemill.auth.key_loader import ApiKeyLoader
from imagemill.errors import ServiceError
from imagemill.gateway.errors import CrossSiteRequest, MalformedRequest, MisdirectedRequest
from imagemill.gateway.host import DEFAULT_PORTS, Authority, parse_authority, read_host
from imagemill.gateway.observability.headers import first_header
from imagemill.gateway.problem import to_response
from imagemill.gateway.root_path import route_path
from imagemill.postgres.pool import DatabaseUnavailable

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# They reveal nothing, and answer also while nobody knows whether there are keys.
PROBES: Final = frozenset({"/healthz", "/readyz"})
ANY_HOST: Final = "*"
ANY_SUBDOMAIN: Final = "*."
# Proxies may send a foreign Host with every request; not each of them costs a lookup.
KEYS_REMEMBERED_SECONDS: Final = 1.0


@dataclass(slots=True)
class BrowserGuard:
    """Checks Host and origin of requests.

    `allowed_hosts` are host names in lower case, `*.example.com` for all below one, `*` for all.
    `is_local`: the gateway listens on loopback addresses only.
    """

    key_loader: ApiKeyLoader
    allowed_hosts: Sequence[str]
    is_local: bool
    _keys_seen_at: float = float("-inf")

    async def check(self, scope: Scope) -> None:
        """Raise an error if the request must not be served.

        MalformedRequest unless it has one valid Host, MisdirectedRequest for a foreign one,
        CrossSiteRequest, DatabaseUnavailable if that depends on whether there are keys.
        """
        host = read_host(scope)
        foreign = self._foreign_host(host)
        if foreign and (self.allowed_hosts or not await self._has_keys(scope)):
            raise foreign
        cross_site = _cross_site_request(scope, host) if self.is_local else None
        if cross_site and not await self._has_keys(scope):
            raise cross_site

    def _foreign_host(self, host: Authority | None) -> MisdirectedRequest | None:
        is_checked = host is not None and (self.is_local or self.allowed_hosts)
        if host is None or not is_checked or host.is_loopback:
            return None
        if any(_covers(allowed, host.name) for allowed in self.allowed_hosts):
            return None
        return MisdirectedRequest(
            f"This service is not known as {host.name!r}; ALLOWED_HOSTS names its hosts."
        )

    async def _has_keys(self, scope: Scope) -> bool:
        """Return whether there are API keys, which no page has. Raises DatabaseUnavailable."""
        if time.monotonic() - self._keys_seen_at < KEYS_REMEMBERED_SECONDS:
            return True
        try:
            has_keys = (await self.key_loader.look_up(None)).any_exists
        except DatabaseUnavailable:
            if route_path(scope) in PROBES:
                return True
            raise
        if has_keys:
            self._keys_seen_at = time.monotonic()
        return has_keys


@dataclass(frozen=True, slots=True)
class GuardedApp:
    """ASGI middleware that answers requests which the guard refuses."""

    app: ASGIApp
    guard: BrowserGuard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.guard.check(scope)
        except ServiceError as error:
            await to_response(error)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _covers(allowed: str, name: str) -> bool:
    if allowed.startswith(ANY_SUBDOMAIN):
        return name.endswith(allowed.removeprefix("*"))
    return allowed in {name, ANY_HOST}


def _cross_site_request(scope: Scope, host: Authority | None) -> CrossSiteRequest | None:
    """Return an error if a browser says that another site's page makes an unsafe request."""
    if scope["method"] in SAFE_METHODS:
        return None
    origin = first_header(scope["headers"], b"origin")
    if origin is not None:
        if _is_own(origin, host):
            return None
        return CrossSiteRequest(f"Pages of {origin!r} may not use this service.")
    if first_header(scope["headers"], b"sec-fetch-site") == "cross-site":
        return CrossSiteRequest("Pages of other sites may not use this service.")
    return None


def _is_own(origin: str, host: Authority | None) -> bool:
    """Return whether the origin is the host that the request was sent to.

    The scheme does not count: a proxy may not say that it speaks TLS.
    """
    scheme, _, authority = origin.partition("://")
    default_port = DEFAULT_PORTS.get(scheme)
    if host is None or default_port is None:  # "null", which any page can be, is none either
        return False
    try:
        found = parse_authority(authority.encode("latin-1"))
    except MalformedRequest:
        return False
    return (found.name, found.port or default_port) == (host.name, host.port or default_port)
