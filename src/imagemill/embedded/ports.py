"""TCP ports: which are free, and the URL of one."""

import errno
import socket

from imagemill.embedded.errors import EmbeddedError


def find_free_port() -> int:
    """Return a port of 127.0.0.1 that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    try:
        _bind(host, port)
    except OSError:
        return False
    return True


def require_free(host: str, port: int) -> None:
    """Raise EmbeddedError, with the reason, unless this process can listen on the port."""
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise EmbeddedError(
                f"Port {port} of {host} is in use by another program: choose one with --port."
            ) from error
        raise EmbeddedError(f"Cannot listen on port {port} of {host}: {error.strerror}.") from error


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: connections in TIME_WAIT of a server that has just stopped do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def local_url(host: str, port: int) -> str:
    """Return the URL, for clients on this machine, of a service that listens on the host."""
    client_host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - only compared
    return (
        f"http://[{client_host}]:{port}" if ":" in client_host else f"http://{client_host}:{port}"
    )
