"""MAX_PENDING: a limit on jobs that wait, from a count that is at most a second old.

PostgreSQL is queried at most once a second; jobs that this process accepted since are added.
Uploads to other gateways within that second are not counted: they may exceed the limit by as much.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from imagemill.gateway.errors import Overloaded
from imagemill.jobs.store import JobStore

MAX_AGE_SECONDS: Final = 1.0
# At the limit many jobs wait, and each takes seconds: sooner there is hardly a free slot.
RETRY_AFTER_SECONDS: Final = 10


@dataclass(slots=True)
class PendingJobLimiter:
    """Accepts jobs while fewer than `max_pending` wait; without it accepts all and counts none."""

    job_store: JobStore
    max_pending: int | None
    _counted: int = 0
    _counted_at: float = float("-inf")
    _in_progress: int = 0
    _accepted: int = 0
    _counting: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot for one job, which counts as accepted if the block ends without an error.

        Raises Overloaded, DatabaseUnavailable.
        """
        if self.max_pending is None:
            yield
            return
        await self._refresh(self.max_pending)
        if self._counted + self._accepted + self._in_progress >= self.max_pending:
            raise Overloaded(f"{self.max_pending} jobs are pending.", RETRY_AFTER_SECONDS)
        self._in_progress += 1
        try:
            yield
            self._accepted += 1
        finally:
            self._in_progress -= 1

    async def _refresh(self, limit: int) -> None:
        """Count again if the last count is too old; concurrent callers share one statement."""
        if self._counting is None and time.monotonic() - self._counted_at >= MAX_AGE_SECONDS:
            self._counting = asyncio.ensure_future(self._count(limit))
            self._counting.add_done_callback(self._end_counting)
        if self._counting is not None:
            await asyncio.shield(self._counting)

    async def _count(self, limit: int) -> None:
        accepted = self._accepted
        self._counted = await self.job_store.count_pending(limit)
        self._accepted -= accepted  # jobs accepted during the statement may not be counted
        self._counted_at = time.monotonic()

    def _end_counting(self, counting: asyncio.Task[None]) -> None:
        self._counting = None
        if not counting.cancelled():
            counting.exception()  # retrieved, or asyncio logs it if every caller was canceled
