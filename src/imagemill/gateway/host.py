"""The Host header: which name of the service a client connected to (RFC 9110, 7.2)."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from starlette.types import Scope

from imagemill.gateway.errors import MalformedRequest

# A name or IPv4 address (RFC 3986, 3.2.2; a percent sign would only hide a name), or an IPv6
# address in brackets, and a port.
AUTHORITY: Final = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?")
DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
LOCALHOST: Final = "localhost"


class Authority(NamedTuple):
    """A host name in lower case or an address without brackets, and a port; "" for none."""

    name: str
    port: str

    @property
    def is_loopback(self) -> bool:
        """Whether it names this machine, whatever a name server says (RFC 6761, 6.3)."""
        return _is_loopback(self.name)


def read_host(scope: Scope) -> Authority | None:
    """Return what the request's Host header names; None for an HTTP/1.0 request without one.

    Raises MalformedRequest unless there is exactly one, and valid (RFC 9112, 3.2).
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        if not hosts and scope["http_version"] == "1.0":
            return None
        raise MalformedRequest(_count_error(hosts))
    return parse_authority(hosts[0])


# Clients name the same few hosts again and again.
@lru_cache(maxsize=256)
def parse_authority(value: bytes) -> Authority:
    """Return the parts of a host with an optional port. Raises MalformedRequest."""
    found = AUTHORITY.fullmatch(value.decode("latin-1"))
    if found is None:
        raise MalformedRequest("The Host header is not a host with an optional port.")
    name, port = found.groups(default="")
    return Authority(name.strip("[]").rstrip(".").lower(), port)


# Asked for every request.
@lru_cache(maxsize=256)
def _is_loopback(name: str) -> bool:
    if name == LOCALHOST or name.endswith(f".{LOCALHOST}"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _count_error(hosts: Sequence[bytes]) -> str:
    return f"The request has {len(hosts)} Host headers." if hosts else "The Host header is missing."
