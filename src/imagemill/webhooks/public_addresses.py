"""Whether an IP address is public: for the check at the upload and the one at each try. Pure.

Source: IANA's special-purpose address registries (RFC 6890 and its updates), as of 2026. The lists
are kept here because `ipaddress.is_global` differs between versions of Python.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address
Extract = Callable[[IPv6Address], tuple[IPv4Address, ...]]

NOT_PUBLIC_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598)
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's services for its virtual machines
        "169.254.0.0/16",  # link-local; clouds serve instance metadata there, with credentials
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays, deprecated (RFC 7526)
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # the only range that IANA assigns from (RFC 4291)
NOT_PUBLIC_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, benchmarks and ORCHIDs among them
        "2001:db8::/32",  # documentation (RFC 3849)
        "3fff::/20",  # documentation (RFC 9637)
    )
)


def _last_32_bits(address: IPv6Address) -> tuple[IPv4Address, ...]:
    return (IPv4Address(int(address) & 0xFFFFFFFF),)


def _from_6to4(address: IPv6Address) -> tuple[IPv4Address, ...]:
    return (IPv4Address(int(address) >> 80 & 0xFFFFFFFF),)


def _from_teredo(address: IPv6Address) -> tuple[IPv4Address, ...]:
    server, client = int(address) >> 64 & 0xFFFFFFFF, ~int(address) & 0xFFFFFFFF
    return (IPv4Address(server), IPv4Address(client))


# A connection to these is routed to the IPv4 address that they contain.
EMBEDDING: Final[tuple[tuple[IPv6Network, Extract], ...]] = (
    (IPv6Network("::/96"), _last_32_bits),  # IPv4-compatible (RFC 4291); contains ::1 as 0.0.0.1
    (IPv6Network("::ffff:0:0/96"), _last_32_bits),  # IPv4-mapped (RFC 4291)
    (IPv6Network("64:ff9b::/96"), _last_32_bits),  # NAT64 (RFC 6052)
    # Local-use NAT64 (RFC 8215). Other prefixes have the address in other bits, so the rest of
    # 64:ff9b:1::/48 is not public.
    (IPv6Network("64:ff9b:1::/96"), _last_32_bits),
    (IPv6Network("2002::/16"), _from_6to4),  # RFC 3056
    (IPv6Network("2001::/32"), _from_teredo),  # RFC 4380
)


def is_public(address: Address) -> bool:
    """Return whether the address is globally reachable, and so not inside a private network."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_V4)
    if address.scope_id is not None:
        return False
    for network, extract in EMBEDDING:
        if address in network:
            return all(is_public(embedded) for embedded in extract(address))
    return address in GLOBAL_UNICAST and not any(address in network for network in NOT_PUBLIC_V6)
