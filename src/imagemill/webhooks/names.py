"""Asks the system's resolver for the addresses of a name, off the event loop.

In threads of its own: a name server that does not answer keeps a thread for half a minute, and
must not keep one that files, or anybody else's names, wait for. They are daemons, so that a service
which is told to stop does not wait for them either.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from imagemill.errors import Unavailable
from imagemill.webhooks.public import Address


class NameUnresolved(Unavailable):
    """The name has no address at the moment, or nobody could say."""


def look_up(host: str) -> tuple[Address, ...]:
    """Return all addresses of the host, however long that takes; none if there are none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    # The part behind % is the zone of a link-local address, which is refused with it.
    return tuple({ip_address(entry[4][0]): None for entry in found})


@dataclass(slots=True)
class Names:
    """Looks up names, up to `most` at once."""

    most: int
    look_up: Callable[[str], tuple[Address, ...]] = look_up
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.most)

    async def addresses(self, host: str) -> tuple[Address, ...]:
        """Return all addresses of the host, at least one. Raises NameUnresolved.

        A caller that gives up leaves its place to the lookup until that has ended.
        """
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        found: asyncio.Future[tuple[Address, ...]] = loop.create_future()

        def settle(addresses: tuple[Address, ...]) -> None:
            self._free.release()
            if not found.done():
                found.set_result(addresses)

        def ask() -> None:
            addresses = self.look_up(host)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, addresses)

        try:
            threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
        except RuntimeError as error:
            self._free.release()
            raise NameUnresolved("The machine has no thread left to look up a name.") from error
        addresses = await found
        if not addresses:
            raise NameUnresolved(f"The name {host} cannot be resolved.")
        return addresses
