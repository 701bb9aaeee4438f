"""Which addresses are public: one of every kind, and IPv4 addresses embedded in IPv6."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagemill.webhooks.public_addresses import is_public

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450::1",
    "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "::8.8.8.8",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::8.8.8.8",
    "2002:808:808::1",
    "2001:0:808:808:0:ffff:f7f7:f7f7",
]

NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - an address to check
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:8.8.8.8",
    "64:ff9b::10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "64:ff9b:1:a00:0:100::",
    "64:ff9b:1:1::8.8.8.8",
    "100::1",
    "1fff:ffff::",
    "2001::1",
    "2001:0:808:808::80ff:fffe",
    "2001:0:7f00:1:0:ffff:f7f7:f7f7",
    "2001:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff::",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "3fff::1",
    "4000::",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]

EIGHTS = int(IPv4Address("8.8.8.8"))  # a public address, where a form has two

FORMS = {
    "::/96": lambda value: value,
    "::ffff:0:0/96": lambda value: 0xFFFF << 32 | value,
    "64:ff9b::/96": lambda value: 0x64FF9B << 96 | value,
    "64:ff9b:1::/96": lambda value: 0x64FF9B0001 << 80 | value,
    "2002::/16": lambda value: 0x2002 << 112 | value << 80 | 1,
    "the server of 2001::/32": lambda value: 0x2001 << 112 | value << 64 | ~EIGHTS & 0xFFFFFFFF,
    "the client of 2001::/32": lambda value: 0x2001 << 112 | EIGHTS << 64 | ~value & 0xFFFFFFFF,
}
# `ipaddress` decides on these by themselves, and not by the addresses embedded in them.
JUDGED_BY_WHAT_IS_INSIDE = [
    IPv6Network(text)
    for text in ("::/96", "::ffff:0:0/96", "64:ff9b:1::/96", "2002::/16", "2001::/32")
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_globally_reachable_address_is_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_a_special_purpose_address_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("form", FORMS)
@given(address=st.ip_addresses(v=4))
def test_an_ipv6_address_is_as_public_as_the_address_in_it(form: str, address: IPv4Address) -> None:
    outer = IPv6Address(FORMS[form](int(address)))
    assert is_public(outer) == is_public(address)


@given(address=st.ip_addresses())
def test_what_python_does_not_call_global_is_not_public(
    address: IPv4Address | IPv6Address,
) -> None:
    judged_inside = any(address in network for network in JUDGED_BY_WHAT_IS_INSIDE)
    assert not is_public(address) or address.is_global or judged_inside
