"""The URL that a client wants to be called at, taken apart once. Pure.

Two who read a URL in two ways are how a check is passed by: so what is ambiguous is refused, and
only what is put together again here is stored, shown and called.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import quote

import idna

from imagemill.errors import Rejected
from imagemill.webhooks.public import Address

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
# What may stand in a path or a query as it is (RFC 3986, 3.3 and 3.4), its escapes included.
KEPT: Final = "/?:@!$&'()*+,;=-._~%"


class BadCallbackUrl(Rejected):
    """The URL cannot be called. The message is what is wrong with it, without a subject."""


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """A URL in its one form, and where it leads. `host` has no brackets."""

    text: str
    host: str
    port: int

    @property
    def address(self) -> Address | None:
        """The address that the URL itself names, or None when it has a name to be resolved."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None


def parse_callback_url(text: str) -> CallbackUrl:
    """Return the URL in its one form: without fragment, default port and escapes left out of names.

    Raises BadCallbackUrl.
    """
    if len(text) > MAX_LENGTH:
        raise BadCallbackUrl(f"has {len(text)} characters, over {MAX_LENGTH}")
    shape = SHAPE.fullmatch(text)
    if shape is None or FORBIDDEN.search(text):
        raise BadCallbackUrl("is no http or https URL")
    scheme, authority, path, query, _ = shape.groups(default="")
    scheme = scheme.lower()
    host, port = _host_and_port(authority, DEFAULT_PORTS[scheme])
    shown = f"[{host}]" if ":" in host else host
    if port != DEFAULT_PORTS[scheme]:
        shown += f":{port}"
    normal = f"{scheme}://{shown}{_escaped(path) or '/'}{_escaped(query)}"
    if len(normal) > MAX_LENGTH:
        raise BadCallbackUrl(f"has {len(normal)} characters once it is escaped, over {MAX_LENGTH}")
    return CallbackUrl(normal, host, port)


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    if "@" in authority:
        raise BadCallbackUrl("names a user, which is not supported")
    parts = AUTHORITY.fullmatch(authority)
    if parts is None:
        raise BadCallbackUrl("names no host")
    port = int(parts[2]) if parts[2] else default
    if port not in DEFAULT_PORTS.values() and not FIRST_FREE_PORT <= port <= LAST_PORT:
        raise BadCallbackUrl(f"has port {port}; possible are 80, 443 and from {FIRST_FREE_PORT} on")
    host = parts[1]
    return (_ipv6(host[1:-1]) if host.startswith("[") else _name_or_ipv4(host)), port


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        raise BadCallbackUrl(f"names [{text}], which is no IPv6 address") from None


def _name_or_ipv4(text: str) -> str:
    name = _as_ascii(text).removesuffix(".")
    if len(name) > MAX_NAME_LENGTH or not NAME.fullmatch(name):
        raise BadCallbackUrl("names a host that can be no name")
    parts = name.split(".")
    return str(_ipv4(parts)) if NUMBER.fullmatch(parts[-1]) else name


def _as_ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except idna.IDNAError:
        raise BadCallbackUrl("names a host that can be no international name") from None


def _ipv4(parts: list[str]) -> IPv4Address:
    """Return the address that resolvers see in numbers such as 127.1, 0177.0.0.1 or 0x7f000001.

    Source: "IPv4 parser", WHATWG URL Standard; inet_aton(3) reads them alike.
    """
    numbers = [_number(part) for part in parts]
    # The last number fills all the bytes that those before it leave.
    limits = [256] * (len(parts) - 1) + [256 ** max(5 - len(parts), 0)]
    value = 0
    for place, (number, limit) in enumerate(zip(numbers, limits, strict=True)):
        if number is None or number >= limit:
            raise BadCallbackUrl("names a host that ends in a number and is no IPv4 address")
        value += number * (256 ** (3 - place) if place < len(parts) - 1 else 1)
    return IPv4Address(value)


def _number(text: str) -> int | None:
    if not NUMBER.fullmatch(text):
        return None
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    try:
        return int(text, 8 if text.startswith("0") else 10)
    except ValueError:  # 08 is neither
        return None


def _escaped(text: str) -> str:
    try:
        return quote(text, safe=KEPT)
    except UnicodeEncodeError:
        raise BadCallbackUrl("holds half a character") from None
