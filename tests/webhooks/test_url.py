"""Callback URLs: their normal form, and what is rejected."""

import socket
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagemill.webhooks.public_addresses import is_public
from imagemill.webhooks.url import BadCallbackUrl, parse_callback_url

LOOPBACK = "http://127.0.0.1/"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://EXAMPLE.com:443/Path?Q=1#part", "https://example.com/Path?Q=1"),
        ("http://example.com:80/", "http://example.com/"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://example.com:/", "https://example.com/"),
        ("https://example.com:8443?a=b", "https://example.com:8443/?a=b"),
        ("https://example.com./", "https://example.com/"),
        ("https://my_host.example.com/", "https://my_host.example.com/"),
        ("https://bücher.example/ü?ü=ü", "https://xn--bcher-kva.example/%C3%BC?%C3%BC=%C3%BC"),
        ("https://example.com/a%2Fb/../c?x=%20&y=[1]", "https://example.com/a%2Fb/../c?x=%20&y=%5B1%5D"),
        ("https://[2001:4860:4860:0:0:0:0:8888]:8080/", "https://[2001:4860:4860::8888]:8080/"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        # One address in all the ways that resolvers read.
        ("http://127.0.0.1./", LOOPBACK),
        ("http://2130706433/", LOOPBACK),
        ("http://017700000001/", LOOPBACK),
        ("http://0x7f000001/", LOOPBACK),
        ("http://0X7F.1/", LOOPBACK),
        ("http://0177.0.0.1/", LOOPBACK),
        ("http://0x7f.0x0.0x0.0x1/", LOOPBACK),
        ("http://127.1/", LOOPBACK),
        ("http://127.0.1/", LOOPBACK),
        ("http://１２７。０．０.1/", LOOPBACK),  # noqa: RUF001 - that is the point
        ("http://0/", "http://0.0.0.0/"),
        ("http://0x/", "http://0.0.0.0/"),
        ("http://[::ffff:7f00:1]/", "http://[::ffff:7f00:1]/"),
        ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    ],
)  # fmt: skip
def test_a_url_has_one_normal_form_which_stays_as_it_is(written: str, normal: str) -> None:
    assert parse_callback_url(written).text == normal
    assert parse_callback_url(normal).text == normal


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "is not an http or https URL"),
        ("example.com", "is not an http or https URL"),
        ("//example.com/", "is not an http or https URL"),
        ("ftp://example.com/", "is not an http or https URL"),
        ("file:///etc/passwd", "is not an http or https URL"),
        ("gopher://example.com:6379/_", "is not an http or https URL"),
        ("http:example.com", "is not an http or https URL"),
        (" http://example.com/", "is not an http or https URL"),
        ("http://example.com/ a", "is not an http or https URL"),
        ("http://exa\tmple.com/", "is not an http or https URL"),
        ("http://example.com/\r\nX-Evil: 1", "is not an http or https URL"),
        ("http://example.com\\@127.0.0.1/", "is not an http or https URL"),
        ("http://example.com/\x00", "is not an http or https URL"),
        ("http://user@example.com/", "contains a user name, which is not supported"),
        ("http://user:password@example.com/", "contains a user name, which is not supported"),
        ("http://@example.com/", "contains a user name, which is not supported"),
        ("http:///path", "has no valid host"),
        ("http://:80/", "has no valid host"),
        ("http://example.com:80:80/", "has no valid host"),
        ("http://example.com:1e3/", "has no valid host"),
        ("http://[::1/", "has no valid host"),
        ("http://[fe80::1%25eth0]/", "has no valid host"),
        ("http://[fe80::1%eth0]/", "has no valid host"),
        ("http://[::1]x/", "has no valid host"),
        ("http://::1/", "has no valid host"),
        ("http://[1:2:3]/", "has the host [1:2:3], which is not an IPv6 address"),
        ("http://example.com:22/", "has port 22; allowed are 80, 443 and 1024 to 65535"),
        ("http://example.com:0/", "has port 0; allowed are 80, 443 and 1024 to 65535"),
        ("http://example.com:1023/", "has port 1023; allowed are 80, 443 and 1024 to 65535"),
        ("http://example.com:65536/", "has port 65536; allowed are 80, 443 and 1024 to 65535"),
        ("http://%31%32%37.0.0.1/", "has a host that is not a valid name"),
        ("http://exa mple.com/", "is not an http or https URL"),
        ("http://example..com/", "has a host that is not a valid name"),
        ("http://.example.com/", "has a host that is not a valid name"),
        ("http://example.-com/", "has a host that is not a valid name"),
        ("http://-example.com/", "has a host that is not a valid name"),
        ("http://exam$ple.com/", "has a host that is not a valid name"),
        (f"http://{'a' * 64}.com/", "has a host that is not a valid name"),
        (f"http://{'a.' * 127}com/", "has a host that is not a valid name"),
        ("http://\u2488com/", "has a host that is not a valid internationalized name"),
        ("http://1.2.3.4.5/", "has a host that ends in a number and is not an IPv4 address"),
        ("http://256.1.1.1/", "has a host that ends in a number and is not an IPv4 address"),
        ("http://1.2.3.256/", "has a host that ends in a number and is not an IPv4 address"),
        ("http://127.0.65536/", "has a host that ends in a number and is not an IPv4 address"),
        ("http://4294967296/", "has a host that ends in a number and is not an IPv4 address"),
        ("http://0x1_0.1/", "has a host that ends in a number and is not an IPv4 address"),
        ("http://08.0.0.1/", "has a host that ends in a number and is not an IPv4 address"),
        ("http://example.0x1/", "has a host that ends in a number and is not an IPv4 address"),
        (f"http://example.com/{'a' * 2048}", "has 2067 characters, over 2048"),
        (f"http://example.com/{'ü' * 1000}", "has 6019 characters after escaping, over 2048"),
        ("http://example.com/\ud800", "contains an unpaired surrogate"),
    ],
)
def test_a_url_that_could_be_read_in_another_way_is_refused(written: str, why: str) -> None:
    with pytest.raises(BadCallbackUrl) as caught:
        parse_callback_url(written)
    assert str(caught.value) == why


@given(numbers=st.lists(st.integers(0, 2**33), min_size=1, max_size=5), data=st.data())
def test_numbers_are_read_as_the_system_reads_them(numbers: list[int], data: st.DataObject) -> None:
    ways = [st.sampled_from((f"{number}", f"0{number:o}", f"0x{number:x}")) for number in numbers]
    host = ".".join(data.draw(way) for way in ways)
    assert ours(host) == the_systems(host)


def ours(host: str) -> IPv4Address | None:
    try:
        return IPv4Address(parse_callback_url(f"http://{host}/").host)
    except BadCallbackUrl:
        return None


def the_systems(host: str) -> IPv4Address | None:
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def test_a_literal_address_needs_no_lookup() -> None:
    addresses = [parse_callback_url(f"http://{host}/").address for host in ("127.1", "[::1]")]
    assert [is_public(address) for address in addresses if address] == [False, False]
    assert parse_callback_url("http://localhost/").address is None
