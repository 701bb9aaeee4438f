"""Requests that offer another protocol: the offer is removed, and the request is served.

A server may ignore `Upgrade` (RFC 9110, 7.8). Java's HttpClient, `curl --http2` and proxies that
pass `Upgrade` on offer HTTP/2 with any request. httptools takes every offer for accepted: it stops
after the headers and hands back the rest, body included, as the other protocol's.
"""

from collections.abc import Iterable
from typing import Final

# Headers that say something about the offered protocol alone (RFC 7540, 3.2.1).
OFFER: Final = frozenset({b"upgrade", b"http2-settings"})

Headers = Iterable[tuple[bytes, bytes]]


def head_without_upgrade(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """Return the head of the request, with its empty line, without the offer.

    Names of headers are in lower case.
    """
    lines = [method + b" " + url + b" HTTP/" + version.encode()]
    for name, value in headers:
        if name in OFFER:
            continue
        kept = _without_offer(value) if name == b"connection" else value
        if kept or name != b"connection":
            lines.append(name + b": " + kept)
    return b"\r\n".join([*lines, b"", b""])


def _without_offer(connection: bytes) -> bytes:
    options = (option.strip() for option in connection.split(b","))
    return b", ".join(option for option in options if option.lower() not in OFFER)
