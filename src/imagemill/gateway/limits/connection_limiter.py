"""A limit on open connections, from the file descriptors that the process may open.

Each connection may need a second descriptor, for a file. At the limit the connection that has been
idle longest is closed, so that silent clients cannot keep others out; one with a request in
progress is never closed. uvicorn's `limit_concurrency` counts idle connections too, and refuses the
next request of any client.
"""

import resource
from typing import Final, Protocol

# With enough descriptors memory is the limit: tens of KiB a connection.
MAX_CONNECTIONS: Final = 10_000
# For PostgreSQL, Redis, storage, image processes, and Python itself.
RESERVED_DESCRIPTORS: Final = 128
MIN_CONNECTIONS: Final = 16


class IdleConnection(Protocol):
    """A connection that waits for a request."""

    def close_idle(self) -> None:
        """Close the connection to free its descriptors."""


class ConnectionLimiter:
    """The idle connections, the longest idle first."""

    def __init__(self, max_connections: int) -> None:
        self.max_connections = max_connections
        self._idle: dict[IdleConnection, None] = {}

    def mark_idle(self, connection: IdleConnection) -> None:
        self._idle[connection] = None

    def mark_busy(self, connection: IdleConnection) -> None:
        """Note that the connection has a request in progress, or is closed."""
        self._idle.pop(connection, None)

    def close_longest_idle(self) -> None:
        """Close the connection that has been idle longest, which may be the newest one."""
        connection = next(iter(self._idle), None)
        if connection is not None:
            self.mark_busy(connection)
            connection.close_idle()


def max_connections() -> int:
    """Return how many connections the process can hold, after raising its descriptor limit.

    The soft limit is low for the sake of programs that use select(2), which this one does not.
    """
    wanted = 2 * MAX_CONNECTIONS + RESERVED_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MAX_CONNECTIONS
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (OSError, ValueError):  # macOS has a limit of its own below the hard one
        limit = soft
    return max(MIN_CONNECTIONS, (limit - RESERVED_DESCRIPTORS) // 2)
