"""One try to deliver: resolve, vet, connect to what was vetted and nothing else, send, judge.

Everything is made for the one try and thrown away after it: no connection, cookie or resolved name
outlives it, and so none is used that was not vetted. No proxy of the environment is used either.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from ipaddress import ip_address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from imagemill.webhooks.names import NameUnresolved
from imagemill.webhooks.public import Address
from imagemill.webhooks.try_result import TryResult, TryStatus, classify_response
from imagemill.webhooks.url import CallbackUrl, parse_callback_url
from imagemill.webhooks.vetting import AddressRefused, Vetting

# From the name to the answer's headers; its body is not waited for.
TRY_SECONDS: Final = 15.0

HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": f"imagemill/{version('imagemill')}",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends to receivers that nobody here trusts. `tls` says whose certificates are accepted."""

    vetting: Vetting
    tls: ssl.SSLContext
    try_seconds: float = TRY_SECONDS

    async def send(self, url: str, headers: Mapping[str, str], body: str) -> TryResult:
        """Post the body once and return what came of it, within `try_seconds`."""
        try:
            async with asyncio.timeout(self.try_seconds):
                return await self._post(parse_callback_url(url), headers, body)
        except (TimeoutError, AddressRefused, NameUnresolved, aiohttp.ClientError) as error:
            return _failure(error)

    async def _post(self, url: CallbackUrl, headers: Mapping[str, str], body: str) -> TryResult:
        addresses = await self.vetting.addresses(url)
        async with _pinned(addresses, self.tls) as session:
            request = session.post(
                URL(url.text, encoded=True),
                data=body.encode(),
                headers={**HEADERS, **headers},
                allow_redirects=False,
            )
            async with request as response:
                wait = response.headers.get("Retry-After")
                return classify_response(response.status, wait, datetime.now(UTC))


class _Vetted(AbstractResolver):
    """Knows the addresses of this one try."""

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
async def _pinned(
    addresses: Collection[Address], tls: ssl.SSLContext
) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session that can connect to these addresses and to no other.

    The resolver alone would not do: aiohttp does not ask one about a host that looks like an
    address. Every connection has its socket made here, by the address that it will connect to.
    """

    def make_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        if ip_address(str(info[4][0])) not in addresses:
            raise OSError(f"{info[4][0]!r} was not vetted")
        return socket.socket(info[0], info[1], info[2])

    connector = aiohttp.TCPConnector(
        resolver=_Vetted(addresses),
        use_dns_cache=False,
        socket_factory=make_socket,
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


def _failure(error: Exception) -> TryResult:
    result = TryStatus.CONNECTION
    match error:
        case TimeoutError():
            result = TryStatus.TIMEOUT
            sentence = "The receiver did not answer in time."
        case AddressRefused():
            result, sentence = TryStatus.REFUSED_ADDRESS, str(error)
        case NameUnresolved():
            result, sentence = TryStatus.NAME, str(error)
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            result = TryStatus.CERTIFICATE
            reason = getattr(cause, "verify_message", "it is for another name")
            sentence = f"The receiver's certificate is not accepted: {reason}."
        case aiohttp.ClientSSLError():
            sentence = "The receiver speaks no TLS that is accepted here."
        case aiohttp.ClientConnectorError():
            reason = os.strerror(error.errno) if error.errno else "it failed"
            sentence = f"No connection to the receiver: {reason}."
        case aiohttp.ClientConnectionError():
            sentence = "The receiver closed the connection without an answer."
        case _:
            sentence = "The receiver's answer is no HTTP."
    return TryResult(result, sentence)
