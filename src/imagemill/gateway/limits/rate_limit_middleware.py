"""RATE_LIMIT: counts every request, and refuses those over the limit before their body is read.

A request without a key counts for its address, before anything else is done for it. One with a key
counts for that key once it is known to be right, which is why `charge` stands behind the caller.
What nobody has counted when its answer begins, such as a wrong key, counts for the address; so
whoever guesses keys is soon refused without the ledger being asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from limits import RateLimitItem
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagemill.gateway.errors import TooManyRequests
from imagemill.gateway.limits.client_network import client_network
from imagemill.gateway.limits.rate_limiter import Quota, RateLimiter
from imagemill.gateway.problem import answer_to
from imagemill.jobs.job import KeyId

# What watches the gateway must not be refused, and the pages cost next to nothing.
FREE: Final = frozenset({"/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"})
FREE_BELOW: Final = "/docs/"

POLICY: Final = "default"
TAB: Final = "tab"


@dataclass(slots=True)
class RequestCharge:
    """One request, and for whom it was counted."""

    budgets: RateLimiter
    address: str
    quota: Quota | None = None

    async def charge(self, key_id: KeyId | None = None) -> None:
        """Count the request for the key or, without one, for the address, if that is not yet done.

        Raises TooManyRequests.
        """
        if self.quota is None:
            self.quota = await self.budgets.spend(f"key {key_id}" if key_id else self.address)
        self._require(self.quota)

    def require_address(self) -> None:
        """Raise TooManyRequests if the address is known to be over its limit."""
        refusal = self.budgets.refusal(self.address)
        if refusal is not None:
            self.quota = refusal
            self._require(refusal)

    def headers(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the fields of draft-ietf-httpapi-ratelimit-headers."""
        if self.quota is not None:
            rate = self.budgets.rate
            policy = f'"{POLICY}";q={rate.amount};w={rate.get_expiry()}'
            left = f'"{POLICY}";r={self.quota.remaining};t={self.quota.whole_seconds}'
            yield b"ratelimit-policy", policy.encode()
            yield b"ratelimit", left.encode()

    def _require(self, quota: Quota) -> None:
        if quota.is_refused:
            raise TooManyRequests(_over(self.budgets.rate), quota.whole_seconds)


@dataclass(frozen=True, slots=True)
class RateLimitMiddleware:
    """The application with a limit before it."""

    app: ASGIApp
    budgets: RateLimiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_free(scope["path"]):
            await self.app(scope, receive, send)
            return
        tab = RequestCharge(self.budgets, client_network((scope.get("client") or ("",))[0]))
        scope.setdefault("state", {})[TAB] = tab

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                if tab.quota is None:
                    tab.quota = await self.budgets.spend(tab.address)
                message = {**message, "headers": [*message["headers"], *tab.headers()]}
            await send(message)

        try:
            if _has_key(scope):
                tab.require_address()
            else:
                await tab.charge()
        except TooManyRequests as error:
            await answer_to(error)(scope, receive, send_counted)
        else:
            await self.app(scope, receive, send_counted)


async def charge(request: Request, key_id: KeyId | None) -> None:
    """Count the request for its caller, where there is a RATE_LIMIT. Raises TooManyRequests."""
    tab: RequestCharge | None = getattr(request.state, TAB, None)
    if tab is not None:
        await tab.charge(key_id)


def _is_free(path: str) -> bool:
    return path in FREE or path.startswith(FREE_BELOW)


def _has_key(scope: Scope) -> bool:
    return any(name == b"authorization" for name, _ in scope["headers"])


def _over(rate: RateLimitItem) -> str:
    return f"There may be {rate.amount} requests in {rate.get_expiry()} s."
