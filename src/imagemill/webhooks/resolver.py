"""DNS lookups by the system's resolver, at most N at once, each in a thread of its own.

A lookup that no name server answers occupies its thread for half a minute. So the threads are not
those of the event loop's executor, which file operations need; and they are daemon threads, so that
a service stops without waiting for them.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from imagemill.errors import Unavailable
from imagemill.webhooks.public_addresses import Address


class NameUnresolved(Unavailable):
    """The name has no address at the moment, or no name server answered."""


def look_up(host: str) -> tuple[Address, ...]:
    """Return all addresses of the host; none if it has none. Blocks."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    # Link-local addresses have a zone, behind a %, and are refused with it.
    return tuple({ip_address(entry[4][0]): None for entry in found})


@dataclass(slots=True)
class Resolver:
    """Resolves names, up to `max_lookups` at once; further ones wait."""

    max_lookups: int
    look_up: Callable[[str], tuple[Address, ...]] = look_up
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.max_lookups)

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """Return all addresses of the host, at least one. Raises NameUnresolved.

        A lookup whose caller is canceled counts until it ends.
        """
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        result: asyncio.Future[tuple[Address, ...]] = loop.create_future()

        def set_result(addresses: tuple[Address, ...]) -> None:
            self._free.release()
            if not result.done():
                result.set_result(addresses)

        def run() -> None:
            addresses = self.look_up(host)
            with suppress(RuntimeError):  # the loop is closed, and its tasks have ended
                loop.call_soon_threadsafe(set_result, addresses)

        try:
            threading.Thread(target=run, name=f"look up {host}", daemon=True).start()
        except RuntimeError as error:
            self._free.release()
            raise NameUnresolved("No thread could be started to resolve a name.") from error
        addresses = await result
        if not addresses:
            raise NameUnresolved(f"The name {host} cannot be resolved.")
        return addresses
