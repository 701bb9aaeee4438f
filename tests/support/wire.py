"""HTTP as bytes on a socket, for clients that behave as no library would."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0


@contextmanager
def open_socket(url: str, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    """Connect to a service; with a small buffer, hardly anything fits between it and the client."""
    address = urlsplit(url)
    with socket.socket() as connection:
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(TIMEOUT_SECONDS)
        connection.connect((address.hostname, address.port))
        yield connection


def head(method: str, path: str, **headers: str | int) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def read_until_closed(connection: socket.socket) -> bytes:
    """Return all bytes until the service closes the connection in good order."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def stays_open(connection: socket.socket, seconds: float) -> bool:
    """Return whether the service neither sends anything nor closes within `seconds`."""
    connection.settimeout(seconds)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(TIMEOUT_SECONDS)
    return False
