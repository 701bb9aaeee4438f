"""Ports: which are free, and a clear word about one that is not."""

import errno
import socket

from imagemill.embedded.errors import EmbeddedError


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    try:
        _bind(host, port)
    except OSError:
        return False
    return True


def demand_free(host: str, port: int) -> None:
    """Raise EmbeddedError, with the reason, unless we may listen on the port."""
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise EmbeddedError(
                f"Port {port} of {host} is taken by another program: choose one with --port."
            ) from error
        raise EmbeddedError(
            f"Nothing can listen on port {port} of {host}: {error.strerror}."
        ) from error


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: connections of a server that has just stopped are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def url_of(host: str, port: int) -> str:
    """Return where a service that listens on the host is found from this machine."""
    found = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - only compared
    return f"http://[{found}]:{port}" if ":" in found else f"http://{found}:{port}"
