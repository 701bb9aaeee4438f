"""Sender whose HTTP client is loaded with the first webhook: most workers never send one."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from imagemill.blocking import run_in_thread
from imagemill.webhooks.receiver_limiter import MAX_TRIES
from imagemill.webhooks.request import WebhookRequest
from imagemill.webhooks.resolver import Resolver
from imagemill.webhooks.try_result import TryResult
from imagemill.webhooks.vetting import Vetting

Send = Callable[[WebhookRequest], Awaitable[TryResult]]


@dataclass(slots=True)
class DeferredSender:
    """Sends requests by a Sender that accepts the certificate authorities of this system.

    `allow_private` allows receivers in private networks.
    """

    allow_private: bool
    _send: Send | None = None
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, request: WebhookRequest) -> TryResult:
        """Send the request once and return the result, as Sender.send does."""
        async with self._loading:
            if self._send is None:
                self._send = await run_in_thread(self._load)
        return await self._send(request)

    def _load(self) -> Send:
        from imagemill.webhooks.sender import Sender  # noqa: PLC0415 - loads an HTTP client

        vetting = Vetting(Resolver(MAX_TRIES).resolve, self.allow_private)
        return Sender(vetting, ssl.create_default_context()).send
