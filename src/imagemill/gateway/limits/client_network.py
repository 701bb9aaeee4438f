"""For whom a request counts that no API key speaks for: a client's address."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

# What one customer of a provider usually has: whoever is limited by single addresses has 2^64.
IPV6_PREFIX: Final = 64


def client_network(host: str) -> str:
    """Return the network that the address is counted as: itself, of IPv6 its /64.

    An IPv4 address that is written as one of IPv6 (RFC 4291, 2.5.5.2) counts as what it is.
    """
    try:
        address = ip_address(host.partition("%")[0])  # without the interface of a link-local one
    except ValueError:
        return host  # what a proxy says instead, or nothing, of a Unix socket
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address, IPV6_PREFIX), strict=False))
        address = address.ipv4_mapped
    return str(address)
