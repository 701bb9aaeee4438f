"""How many connections a gateway holds at once: as many as it has descriptors for.

Each may need one for a file as well. When one too many comes, the one that has waited longest for a
request gives way, so that silent connections cannot keep others out, and one at work never does.
uvicorn's `limit_concurrency` would count the silent ones, and refuse the next request to anybody.
"""

import resource
from typing import Final, Protocol

# Where descriptors are plenty, memory is the bound: tens of KiB a connection.
MOST: Final = 10_000
# For PostgreSQL, Redis, the storage, image processes, and Python itself.
RESERVE: Final = 128
LEAST: Final = 16


class IdleConnection(Protocol):
    """A connection that may have to go."""

    def leave(self) -> None: ...


class ConnectionLimiter:
    """The connections that wait for a request, the longest wait first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._waiting: dict[IdleConnection, None] = {}

    def waits(self, guest: IdleConnection) -> None:
        self._waiting[guest] = None

    def works(self, guest: IdleConnection) -> None:
        """Note that the connection has a request, or is no more."""
        self._waiting.pop(guest, None)

    def make_room(self) -> None:
        """Let the one go that has waited longest, which may be the newest."""
        guest = next(iter(self._waiting), None)
        if guest is not None:
            self.works(guest)
            guest.leave()


def most_connections() -> int:
    """Let this process open as many files as that takes, if it may; return what is possible.

    The soft limit is low for the sake of programs that use select(2), which this is not.
    """
    wanted = 2 * MOST + RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (OSError, ValueError):  # macOS has a bound of its own, whatever the limit says
        limit = soft
    return max(LEAST, (limit - RESERVE) // 2)
