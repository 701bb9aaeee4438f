"""Lets attempts run side by side, or one of them alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SharedExclusiveLock:
    """A lock that many may share, or one may have to itself.

    A job that was tried before runs alone: if it is the one that takes its worker down, it costs
    nobody else an attempt. Whoever waits to be alone holds up newcomers, or it would wait forever.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._is_taken = False
        self._waiting_alone = 0
        # Replaced at each change: everybody who waits looks again.
        self._change = asyncio.Event()

    @asynccontextmanager
    async def enter(self, *, alone: bool) -> AsyncIterator[None]:
        """Wait to be let in, and leave when the block ends."""
        await (self._wait_alone() if alone else self._wait_shared())
        self._inside += 1
        self._is_taken = alone
        try:
            yield
        finally:
            self._inside -= 1
            self._is_taken = False
            self._tell()

    async def _wait_alone(self) -> None:
        self._waiting_alone += 1
        try:
            while self._inside:
                await self._change.wait()
        finally:
            self._waiting_alone -= 1
            self._tell()

    async def _wait_shared(self) -> None:
        while self._is_taken or self._waiting_alone:
            await self._change.wait()

    def _tell(self) -> None:
        self._change.set()
        self._change = asyncio.Event()
