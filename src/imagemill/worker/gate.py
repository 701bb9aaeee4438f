"""Lets attempts run side by side, or one of them alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """A lock that many may share, or one may have to itself.

    A job that was tried before runs alone: if it is the one that takes its worker down, it costs
    nobody else an attempt. Whoever waits to be alone holds up newcomers, or it would wait forever.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._inside = 0
        self._alone = False
        self._waiting_alone = 0

    @asynccontextmanager
    async def enter(self, *, alone: bool) -> AsyncIterator[None]:
        """Wait to be let in, and leave when the block ends."""
        if alone:
            await self._enter_alone()
        else:
            await self._enter_shared()
        try:
            yield
        finally:
            # No await may stand between a cancellation and these two lines.
            self._inside -= 1
            self._alone = False
            await asyncio.shield(self._tell())

    async def _enter_alone(self) -> None:
        self._waiting_alone += 1
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: self._inside == 0)
                self._inside += 1
                self._alone = True
        finally:
            self._waiting_alone -= 1

    async def _enter_shared(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._alone and not self._waiting_alone)
            self._inside += 1

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
