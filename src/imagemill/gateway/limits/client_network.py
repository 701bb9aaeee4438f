"""The network that a client's requests without an API key are counted for."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

# What a provider usually assigns to one customer, who could otherwise use 2^64 addresses.
IPV6_PREFIX: Final = 64


def client_network(host: str) -> str:
    """Return the address itself, or the /64 network of an IPv6 address.

    An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) counts as the IPv4 address. A host that is not
    an address, as some proxies send, is returned as it is.
    """
    try:
        address = ip_address(host.partition("%")[0])  # without the zone of a link-local address
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address, IPV6_PREFIX), strict=False))
        address = address.ipv4_mapped
    return str(address)
