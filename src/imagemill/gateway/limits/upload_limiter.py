"""MAX_CONCURRENT_UPLOADS: how many uploads are received at once, and who waits for a place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Literal

from imagemill.gateway.errors import ClientLeft, Overloaded

PATIENCE_SECONDS: Final = 5.0
# How often it is looked whether those who wait are still there.
LOOK_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 5


class Slots:
    """Places that are given in the order of asking."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = asyncio.Semaphore(count)

    @asynccontextmanager
    async def one(self, has_left: Callable[[], bool]) -> AsyncIterator[None]:
        """Hold a place.

        Raises Overloaded if none gets free in time, ClientLeft if `has_left` while it waited.
        """
        await self._take(has_left)
        try:
            yield
        finally:
            self._free.release()

    async def _take(self, has_left: Callable[[], bool]) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        taking = asyncio.ensure_future(self._free.acquire())
        try:
            await self._wait(taking, has_left)
        except BaseException:
            self._give_up(taking)
            raise

    async def _wait(
        self, taking: asyncio.Future[Literal[True]], has_left: Callable[[], bool]
    ) -> None:
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not (await asyncio.wait({taking}, timeout=LOOK_SECONDS))[0]:
            if has_left():
                raise ClientLeft("The client left while it waited for a place.")
            if asyncio.get_running_loop().time() > until:
                raise Overloaded(f"{self._count} uploads are being received.", RETRY_SECONDS)

    def _give_up(self, taking: asyncio.Future[Literal[True]]) -> None:
        if not taking.cancel():  # a place came in the very moment
            self._free.release()
