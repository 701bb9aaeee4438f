"""Batched recording of results: those that arrive during one statement go into the next.

A batch of sixteen costs PostgreSQL a tenth of what sixteen statements do.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import psycopg

from imagemill.failpoints import failpoint
from imagemill.jobs.job import Completed, Failed
from imagemill.jobs.leases import JobLeases
from imagemill.postgres.retry import retry_until_available

MAX_BATCH: Final = 64

Result = Completed | Failed


@dataclass(slots=True)
class ResultBatcher:
    """Collects the results of many attempts; `record` returns only while `run` is running.

    `wakeup` is set when a job with a webhook has ended.
    """

    leases: JobLeases
    wakeup: asyncio.Event = field(default_factory=asyncio.Event)
    _queue: asyncio.Queue[tuple[Result, asyncio.Future[bool]]] = field(
        default_factory=asyncio.Queue
    )

    async def record(self, result: Result) -> bool:
        """Return True once the result is committed, or False if the job is not this worker's.

        Retries until PostgreSQL is available. Raises psycopg.Error when it rejects the values of
        this result, which is a bug.
        """
        recorded = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((result, recorded))
        return bool(await recorded)

    async def run(self) -> None:
        """Record results until canceled."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < MAX_BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._finish(batch)

    async def _finish(self, batch: list[tuple[Result, asyncio.Future[bool]]]) -> None:
        results = [result for result, _ in batch]
        failpoint("results.recording")
        try:
            lost = await retry_until_available(lambda: self.leases.finish(results))
        except psycopg.Error as error:
            if len(batch) > 1:  # the other results must not fail with the one that is rejected
                for one in batch:
                    await self._finish([one])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        failpoint("results.recorded")
        if any(result.claim.has_callback for result in results):
            self.wakeup.set()
        for result, recorded in batch:
            if not recorded.done():
                recorded.set_result(result.claim.id not in lost)
