"""MAX_PENDING: how many jobs wait, known well enough without counting them at each upload.

The ledger is asked at most once a second, and what this process has let in since is added. Other
gateways' uploads of that second are not seen: so many jobs the limit may be passed by.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from imagemill.gateway.errors import Overloaded
from imagemill.jobs.store import JobStore

FRESH_SECONDS: Final = 1.0
# Jobs take seconds, and the limit is for when many wait: sooner there is hardly room again.
RETRY_SECONDS: Final = 10


@dataclass(slots=True)
class Backlog:
    """Lets uploads in while fewer than `most` jobs wait; `None` lets all in, and asks nobody."""

    job_store: JobStore
    most: int | None
    _waiting: int = 0
    _counted_at: float = float("-inf")
    _under_way: int = 0
    _accepted: int = 0
    _counting: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def one_more(self) -> AsyncIterator[None]:
        """Hold room for one job, which is accepted if the block ends well.

        Raises Overloaded, DatabaseUnavailable.
        """
        if self.most is None:
            yield
            return
        await self._know(self.most)
        if self._waiting + self._accepted + self._under_way >= self.most:
            raise Overloaded(f"{self.most} jobs wait already.", RETRY_SECONDS)
        self._under_way += 1
        try:
            yield
            self._accepted += 1
        finally:
            self._under_way -= 1

    async def _know(self, most: int) -> None:
        """Count again if that was a while ago; all who come meanwhile wait for the one answer."""
        if self._counting is None and time.monotonic() - self._counted_at >= FRESH_SECONDS:
            self._counting = asyncio.ensure_future(self._count(most))
            self._counting.add_done_callback(self._counted)
        if self._counting is not None:
            await asyncio.shield(self._counting)

    async def _count(self, most: int) -> None:
        accepted = self._accepted
        self._waiting = await self.job_store.count_pending(most)
        self._accepted -= accepted  # those accepted meanwhile may not be among them
        self._counted_at = time.monotonic()

    def _counted(self, counting: asyncio.Task[None]) -> None:
        self._counting = None
        if not counting.cancelled():
            counting.exception()  # whoever waits has it; if nobody does, it is no news
