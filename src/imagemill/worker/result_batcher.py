"""Batched recording of results: those that come soon after each other go into one statement.

A batch of sixteen costs PostgreSQL a tenth of what sixteen statements do.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from imagemill.failpoints import failpoint
from imagemill.jobs.job import Completed, Failed
from imagemill.jobs.leases import JobLeases
from imagemill.postgres.retry import retry_until_available

MAX_BATCH: Final = 64
# How long the first result of a batch waits for others, if several are expected within this time:
# only while every attempt slot is taken, when jobs wait longer than this anyway.
LINGER_SECONDS: Final = 0.05

Result = Completed | Failed
WaitingResult = tuple[Result, asyncio.Future[bool]]


@dataclass(slots=True)
class ResultBatcher:
    """Collects the results of many attempts; `record` returns only while `run` is running.

    `wakeup` is set when a job with a webhook has ended. `expects_results` returns whether several
    results will come within the given seconds; if not, a result waits for no other.
    """

    leases: JobLeases
    wakeup: asyncio.Event = field(default_factory=asyncio.Event)
    expects_results: Callable[[float], bool] = lambda _: False
    _waiting: list[WaitingResult] = field(default_factory=list)
    _is_due: asyncio.Event = field(default_factory=asyncio.Event)

    async def record(self, result: Result) -> bool:
        """Return True once the result is committed, or False if the job is not this worker's.

        Retries until PostgreSQL is available. Raises psycopg.Error when it rejects this result,
        and whatever else goes wrong with it.
        """
        loop = asyncio.get_running_loop()
        recorded = loop.create_future()
        self._waiting.append((result, recorded))
        if len(self._waiting) >= MAX_BATCH or not self.expects_results(LINGER_SECONDS):
            self._is_due.set()
        elif len(self._waiting) == 1:
            loop.call_later(LINGER_SECONDS, self._is_due.set)
        return bool(await recorded)

    async def run(self) -> None:
        """Record results until canceled."""
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if self._waiting:
                self._is_due.set()
            if batch:
                await self._finish(batch)

    async def _finish(self, batch: list[WaitingResult]) -> None:
        results = [result for result, _ in batch]
        failpoint("results.recording")
        try:
            lost = await retry_until_available(lambda: self.leases.finish(results))
        except Exception as error:  # noqa: BLE001 - raised for the result that it is about
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
