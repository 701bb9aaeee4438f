"""Shared/exclusive lock for asyncio tasks, in which exclusive acquirers are never starved."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SharedExclusiveLock:
    """Shared/exclusive lock for the tasks of one event loop.

    An exclusive acquirer waits until no task holds the lock. Shared acquirers that come after it
    wait as well: otherwise they could keep it waiting for ever.
    """

    def __init__(self) -> None:
        self._holders = 0
        self._is_exclusive = False
        self._exclusive_waiters = 0
        # Replaced at each change, so that every waiter checks again.
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def acquire(self, *, exclusive: bool) -> AsyncIterator[None]:
        """Hold the lock while the block runs."""
        await (self._wait_exclusive() if exclusive else self._wait_shared())
        self._holders += 1
        self._is_exclusive = exclusive
        try:
            yield
        finally:
            self._holders -= 1
            self._is_exclusive = False
            self._notify_waiters()

    async def _wait_exclusive(self) -> None:
        self._exclusive_waiters += 1
        try:
            while self._holders:
                await self._changed.wait()
        finally:
            self._exclusive_waiters -= 1
            self._notify_waiters()

    async def _wait_shared(self) -> None:
        while self._is_exclusive or self._exclusive_waiters:
            await self._changed.wait()

    def _notify_waiters(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
