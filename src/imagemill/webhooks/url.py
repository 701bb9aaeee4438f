"""Callback URLs: parsed once, into a normal form. Pure.

A check is bypassed by a URL that two parsers read differently. So ambiguous URLs are rejected, and
only the normal form is stored, shown and requested.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import quote

import idna

from imagemill.errors import Rejected
from imagemill.webhooks.public_addresses import Address

MAX_LENGTH: Final = 2048
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
FIRST_FREE_PORT: Final = 1024
LAST_PORT: Final = 65535
MAX_NAME_LENGTH: Final = 253

SHAPE: Final = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.IGNORECASE)
AUTHORITY: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::([0-9]{0,5}))?")
FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
NAME: Final = re.compile(rf"(?:{LABEL}\.)*{LABEL}")
NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Not escaped in a path or a query (RFC 3986, 3.3 and 3.4). With %, so that escapes are kept.
SAFE: Final = "/?:@!$&'()*+,;=-._~%"


class BadCallbackUrl(Rejected):
    """The URL is not allowed as a callback URL. The message is the reason, without a subject."""


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """A URL in its normal form, its host (without brackets) and its port."""

    text: str
    host: str
    port: int

    @property
    def address(self) -> Address | None:
        """The host if it is an IP address; None if it is a name, which has to be resolved."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None


def parse_callback_url(text: str) -> CallbackUrl:
    """Return the URL in its normal form: IDNA names, no fragment and no default port.

    Raises BadCallbackUrl.
    """
    if len(text) > MAX_LENGTH:
        raise BadCallbackUrl(f"has {len(text)} characters, over {MAX_LENGTH}")
    shape = SHAPE.fullmatch(text)
    if shape is None or FORBIDDEN.search(text):
        raise BadCallbackUrl("is not an http or https URL")
    scheme, authority, path, query, _ = shape.groups(default="")
    scheme = scheme.lower()
    host, port = _parse_host_and_port(authority, DEFAULT_PORTS[scheme])
    shown = f"[{host}]" if ":" in host else host
    if port != DEFAULT_PORTS[scheme]:
        shown += f":{port}"
    normal = f"{scheme}://{shown}{_escape(path) or '/'}{_escape(query)}"
    if len(normal) > MAX_LENGTH:
        raise BadCallbackUrl(f"has {len(normal)} characters after escaping, over {MAX_LENGTH}")
    return CallbackUrl(normal, host, port)


def _parse_host_and_port(authority: str, default: int) -> tuple[str, int]:
    if "@" in authority:
        raise BadCallbackUrl("contains a user name, which is not supported")
    parts = AUTHORITY.fullmatch(authority)
    if parts is None:
        raise BadCallbackUrl("has no valid host")
    port = int(parts[2]) if parts[2] else default
    if port not in DEFAULT_PORTS.values() and not FIRST_FREE_PORT <= port <= LAST_PORT:
        allowed = f"80, 443 and {FIRST_FREE_PORT} to {LAST_PORT}"
        raise BadCallbackUrl(f"has port {port}; allowed are {allowed}")
    host = parts[1]
    return (_parse_ipv6(host[1:-1]) if host.startswith("[") else _parse_name_or_ipv4(host)), port


def _parse_ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        raise BadCallbackUrl(f"has the host [{text}], which is not an IPv6 address") from None


def _parse_name_or_ipv4(text: str) -> str:
    name = _to_ascii(text).removesuffix(".")
    if len(name) > MAX_NAME_LENGTH or not NAME.fullmatch(name):
        raise BadCallbackUrl("has a host that is not a valid name")
    parts = name.split(".")
    return str(_parse_ipv4(parts)) if NUMBER.fullmatch(parts[-1]) else name


def _to_ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except idna.IDNAError:
        raise BadCallbackUrl("has a host that is not a valid internationalized name") from None


def _parse_ipv4(parts: list[str]) -> IPv4Address:
    """Return the address that resolvers read from numbers such as 127.1, 0177.0.0.1, 0x7f000001.

    Source: "IPv4 parser", WHATWG URL Standard; inet_aton(3) does the same.
    """
    numbers = [_parse_number(part) for part in parts]
    # The last number has all bytes that are left by those before it.
    limits = [256] * (len(parts) - 1) + [256 ** max(5 - len(parts), 0)]
    value = 0
    for place, (number, limit) in enumerate(zip(numbers, limits, strict=True)):
        if number is None or number >= limit:
            raise BadCallbackUrl("has a host that ends in a number and is not an IPv4 address")
        value += number * (256 ** (3 - place) if place < len(parts) - 1 else 1)
    return IPv4Address(value)


def _parse_number(text: str) -> int | None:
    if not NUMBER.fullmatch(text):
        return None
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    try:
        return int(text, 8 if text.startswith("0") else 10)
    except ValueError:  # 08 is neither octal nor decimal
        return None


def _escape(text: str) -> str:
    try:
        return quote(text, safe=SAFE)
    except UnicodeEncodeError:
        raise BadCallbackUrl("contains an unpaired surrogate") from None
