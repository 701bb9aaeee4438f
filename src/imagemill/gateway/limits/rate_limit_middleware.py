"""RATE_LIMIT middleware: counts every request, and refuses excess ones before their body is read.

A request without an API key is charged to its client's network, before anything else is done for
it. One with a key is charged to that key once the key is verified (`charge`). A request that is
still uncharged when its response begins, such as one with an unknown key, is charged to the
network; so a client that guesses keys is soon refused without a query to PostgreSQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagemill.gateway.errors import TooManyRequests
from imagemill.gateway.limits.client_network import client_network
from imagemill.gateway.limits.rate_limiter import Quota, RateLimiter
from imagemill.gateway.problem import to_response
from imagemill.gateway.root_path import route_path
from imagemill.jobs.job import KeyId

# Monitoring must not be refused. The pages cost next to nothing, and each is of many files.
EXEMPT_PATHS: Final = frozenset(
    {"/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/", "/status"}
)
EXEMPT_PREFIXES: Final = ("/docs/", "/page/")

POLICY: Final = "default"
CHARGE: Final = "request_charge"


@dataclass(slots=True)
class RequestCharge:
    """One request, and the quota of the caller that it was charged to."""

    rate_limiter: RateLimiter
    network: str
    quota: Quota | None = None

    async def charge(self, key_id: KeyId | None = None) -> None:
        """Charge the request, once, to the key or else to the network. Raises TooManyRequests."""
        if self.quota is None:
            caller = f"key {key_id}" if key_id else self.network
            self.quota = await self.rate_limiter.spend(caller)
        self._require(self.quota)

    def require_network(self) -> None:
        """Raise TooManyRequests if the network is known to be over its limit."""
        refusal = self.rate_limiter.cached_refusal(self.network)
        if refusal is not None:
            self.quota = refusal
            self._require(refusal)

    def headers(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the fields of draft-ietf-httpapi-ratelimit-headers."""
        if self.quota is not None:
            rate = self.rate_limiter.rate
            policy = f'"{POLICY}";q={rate.amount};w={rate.get_expiry()}'
            remaining = f'"{POLICY}";r={self.quota.remaining};t={self.quota.whole_seconds}'
            yield b"ratelimit-policy", policy.encode()
            yield b"ratelimit", remaining.encode()

    def _require(self, quota: Quota) -> None:
        if quota.is_refused:
            rate = self.rate_limiter.rate
            raise TooManyRequests(
                f"The limit of {rate.amount} requests in {rate.get_expiry()} s is exceeded.",
                quota.whole_seconds,
            )


@dataclass(frozen=True, slots=True)
class RateLimitMiddleware:
    """ASGI middleware that charges requests and adds the RateLimit headers to responses."""

    app: ASGIApp
    rate_limiter: RateLimiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_exempt(route_path(scope)):
            await self.app(scope, receive, send)
            return
        host, *_ = scope.get("client") or ("",)
        request_charge = RequestCharge(self.rate_limiter, client_network(host))
        scope.setdefault("state", {})[CHARGE] = request_charge

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                if request_charge.quota is None:
                    request_charge.quota = await self.rate_limiter.spend(request_charge.network)
                message = {**message, "headers": [*message["headers"], *request_charge.headers()]}
            await send(message)

        try:
            if _has_credentials(scope):
                request_charge.require_network()
            else:
                await request_charge.charge()
        except TooManyRequests as error:
            await to_response(error)(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)


async def charge(request: Request, key_id: KeyId | None) -> None:
    """Charge the request to its caller if there is a RATE_LIMIT. Raises TooManyRequests."""
    request_charge: RequestCharge | None = getattr(request.state, CHARGE, None)
    if request_charge is not None:
        await request_charge.charge(key_id)


def _is_exempt(path: str) -> bool:
    return path in EXEMPT_PATHS or path.startswith(EXEMPT_PREFIXES)


def _has_credentials(scope: Scope) -> bool:
    return any(name == b"authorization" for name, _ in scope["headers"])
