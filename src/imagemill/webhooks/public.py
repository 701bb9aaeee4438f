"""Whether an address is a public one. Pure, and the same for an upload and for a connection.

The lists are those of IANA's special-purpose address registries (RFC 6890 and its updates), read in
2026. They stand here because what `ipaddress` calls global differs between versions of Python.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address
Inside = Callable[[IPv6Address], tuple[IPv4Address, ...]]

NOT_PUBLIC_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598)
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's own services, reachable from its machines alone
        "169.254.0.0/16",  # link-local; clouds tell secrets there
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # relays of 6to4, given up (RFC 7526)
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # the only part that IANA gives out (RFC 4291)
NOT_PUBLIC_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, benchmarks and ORCHIDs among them
        "2001:db8::/32",  # documentation (RFC 3849)
        "3fff::/20",  # documentation (RFC 9637)
    )
)


def _last(address: IPv6Address) -> tuple[IPv4Address, ...]:
    return (IPv4Address(int(address) & 0xFFFFFFFF),)


def _of_6to4(address: IPv6Address) -> tuple[IPv4Address, ...]:
    return (IPv4Address(int(address) >> 80 & 0xFFFFFFFF),)


def _of_teredo(address: IPv6Address) -> tuple[IPv4Address, ...]:
    server, client = int(address) >> 64 & 0xFFFFFFFF, ~int(address) & 0xFFFFFFFF
    return (IPv4Address(server), IPv4Address(client))


# Who routes these takes an IPv4 address out of them: it is that one that a connection reaches.
EMBEDDING: Final[tuple[tuple[IPv6Network, Inside], ...]] = (
    (IPv6Network("::/96"), _last),  # IPv4-compatible (RFC 4291); loopback is 0.0.0.1 in it
    (IPv6Network("::ffff:0:0/96"), _last),  # IPv4-mapped (RFC 4291)
    (IPv6Network("64:ff9b::/96"), _last),  # NAT64 (RFC 6052)
    # NAT64 of a network's own (RFC 8215). With a prefix other than this one the address could stand
    # in other bits, so the rest of 64:ff9b:1::/48 is refused.
    (IPv6Network("64:ff9b:1::/96"), _last),
    (IPv6Network("2002::/16"), _of_6to4),  # RFC 3056
    (IPv6Network("2001::/32"), _of_teredo),  # RFC 4380
)


def is_public(address: Address) -> bool:
    """Return whether anybody on the internet reaches one and the same machine by this address."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_V4)
    if address.scope_id is not None:
        return False
    for network, inside in EMBEDDING:
        if address in network:
            return all(is_public(one) for one in inside(address))
    return address in GLOBAL_UNICAST and not any(address in network for network in NOT_PUBLIC_V6)
