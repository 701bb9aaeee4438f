"""Every request names one host (RFC 9112, 3.2)."""

import socket
from collections.abc import Iterator

import pytest

from conftest import Gateway
from imagemill.gateway.errors import MalformedRequest
from imagemill.gateway.host import Authority, parse_authority
from support.wire import open_socket, read_until_closed


@pytest.fixture
def connection(gateway: Gateway) -> Iterator[socket.socket]:
    with open_socket(str(gateway.client.base_url)) as connection:
        yield connection


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"Host: localhost\r\nHost: localhost\r\n",
        b"Host: localhost\r\nHost: example.com\r\n",
        b"Host: http://localhost\r\n",
        b"Host: localhost/jobs\r\n",
        b"Host: user@localhost\r\n",
        b"Host: localhost:80:80\r\n",
    ],
)
def test_no_host_two_hosts_and_what_is_no_host_get_400(
    lines: bytes, connection: socket.socket
) -> None:
    connection.sendall(b"GET /jobs HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n")
    answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b"Host" in answer.partition(b"\r\n\r\n")[2]
    assert b"x-request-id: " in answer


def test_http_1_0_needs_no_host(connection: socket.socket) -> None:
    """Health checks of load balancers send none."""
    connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert read_until_closed(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("value", "name", "port", "is_loopback"),
    [
        (b"localhost", "localhost", "", True),
        (b"LocalHost:8000", "localhost", "8000", True),
        (b"localhost.", "localhost", "", True),
        (b"app.localhost:80", "app.localhost", "80", True),
        (b"127.0.0.1:8000", "127.0.0.1", "8000", True),
        (b"127.8.9.1", "127.8.9.1", "", True),
        (b"[::1]:8000", "::1", "8000", True),
        (b"example.com", "example.com", "", False),
        (b"localhost.example.com", "localhost.example.com", "", False),
        (b"127.0.0.1.example.com", "127.0.0.1.example.com", "", False),
        (b"notlocalhost", "notlocalhost", "", False),
        (b"10.0.0.1", "10.0.0.1", "", False),
        (b"[2001:db8::1]", "2001:db8::1", "", False),
        (b"", "", "", False),
    ],
)
def test_a_host_is_read_into_name_and_port(
    value: bytes, name: str, port: str, *, is_loopback: bool
) -> None:
    found = parse_authority(value)
    assert found == Authority(name, port)
    assert found.is_loopback == is_loopback


@pytest.mark.parametrize("value", [b"a b", b"[::1", b"::1", b"a:b", b"a%2Eb", b"\xc3\xa4"])
def test_what_is_no_host_is_malformed(value: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse_authority(value)
