"""One try to send a webhook, connected to a vetted address and to no other.

No connection, cookie or resolved name is kept for the next try, so that each try connects to an
address that it has vetted itself. Proxies of the environment are not used.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from ipaddress import ip_address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from imagemill.webhooks.public_addresses import Address
from imagemill.webhooks.request import TRY_TIMEOUT_SECONDS, WebhookRequest
from imagemill.webhooks.resolver import NameUnresolved
from imagemill.webhooks.try_result import TryResult, TryStatus, classify_response
from imagemill.webhooks.url import CallbackUrl, parse_callback_url
from imagemill.webhooks.vetting import AddressRefused, Vetting

HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": f"imagemill/{version('imagemill')}",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends requests to untrusted receivers. `tls` has the certificate authorities to accept."""

    vetting: Vetting
    tls: ssl.SSLContext
    timeout_seconds: float = TRY_TIMEOUT_SECONDS

    async def send(self, request: WebhookRequest) -> TryResult:
        """Send the request once and return the result, within `timeout_seconds`."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._post(parse_callback_url(request.url), request)
        except (TimeoutError, AddressRefused, NameUnresolved, aiohttp.ClientError) as error:
            return _classify_error(error)

    async def _post(self, url: CallbackUrl, request: WebhookRequest) -> TryResult:
        addresses = await self.vetting.resolve(url)
        async with _open_pinned_session(addresses, self.tls) as session:
            posting = session.post(
                URL(url.text, encoded=True),
                data=request.body.encode(),
                headers={**HEADERS, **request.headers},
                allow_redirects=False,
            )
            async with posting as response:
                retry_after = response.headers.get("Retry-After")
                return classify_response(response.status, retry_after, datetime.now(UTC))


class _PinnedResolver(AbstractResolver):
    """Resolves every host to the vetted addresses of this try."""

    def __init__(self, addresses: Collection[Address]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def _open_pinned_session(
    addresses: Collection[Address], tls: ssl.SSLContext
) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session that can connect to these addresses and to no other.

    A resolver is not enough, as aiohttp does not use it for a host that is an IP address. So the
    address of each connection is checked again when its socket is created.
    """

    def create_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        if ip_address(str(info[4][0])) not in addresses:
            raise OSError(f"{info[4][0]!r} was not vetted")
        return socket.socket(info[0], info[1], info[2])

    connector = aiohttp.TCPConnector(
        resolver=_PinnedResolver(addresses),
        use_dns_cache=False,
        socket_factory=create_socket,
        force_close=True,
        ssl=tls,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        skip_auto_headers=("Accept-Encoding",),
    ) as session:
        yield session


def _classify_error(error: Exception) -> TryResult:
    status = TryStatus.CONNECTION
    match error:
        case TimeoutError():
            status = TryStatus.TIMEOUT
            sentence = "The receiver did not respond in time."
        case AddressRefused():
            status, sentence = TryStatus.REFUSED_ADDRESS, str(error)
        case NameUnresolved():
            status, sentence = TryStatus.NAME, str(error)
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            status = TryStatus.CERTIFICATE
            reason = getattr(cause, "verify_message", "it is not valid for this host")
            sentence = f"The receiver's certificate is not accepted: {reason}."
        case aiohttp.ClientSSLError():
            sentence = "The TLS handshake with the receiver failed."
        case aiohttp.ClientConnectorError():
            reason = os.strerror(error.errno) if error.errno else "unknown reason"
            sentence = f"No connection to the receiver: {reason}."
        case aiohttp.ClientConnectionError():
            sentence = "The receiver closed the connection without a response."
        case _:
            sentence = "The receiver's response is not valid HTTP."
    return TryResult(status, sentence)
