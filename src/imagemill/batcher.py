"""Batched execution: what is submitted while a batch runs goes into the next one.

What is submitted alone is executed at once, so nobody waits for a timer. Many that come together
share what a batch costs: a statement, a round trip, a thread, the sync of a folder.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# How long an item waits for others to be executed. Each of these has a time-out of its own.
MAX_WAIT_SECONDS: Final = 15.0


class Batcher(Generic[Item, Result]):
    """Executes items in batches of at most `max_size`, and at most `max_batches` at a time.

    A further batch begins while others run only if the last one has been running for `patience`
    seconds: batches are large, and one that hangs does not hold up the others. `execute` returns
    the result of each item in their order; an exception among them is raised for that item alone,
    one that `execute` raises for all of them.
    """

    def __init__(
        self,
        execute: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        max_size: int,
        max_batches: int = 1,
        patience: float = 0.0,
    ) -> None:
        self._execute = execute
        self._max_size = max_size
        self._max_batches = max_batches
        self._patience = patience
        self._waiting: dict[asyncio.Future[Result], Item] = {}  # in the order of submission
        self._running: set[asyncio.Task[None]] = set()
        self._is_starting = False
        self._last_start = 0.0
        self._impatience: asyncio.TimerHandle | None = None

    async def submit(self, item: Item) -> Result:
        """Execute the item in a batch and return its result.

        If the caller is canceled while the item is waiting, it is not executed. Raises TimeoutError
        if it could not be executed in time, and was not.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        self._waiting[result] = item
        self._start_if_due()
        if self._is_starting:
            return await self._wait(result)
        timer = loop.call_later(MAX_WAIT_SECONDS, self._give_up, result)
        try:
            return await self._wait(result)
        finally:
            timer.cancel()

    async def _wait(self, result: asyncio.Future[Result]) -> Result:
        try:
            return await result
        except asyncio.CancelledError:
            self._waiting.pop(result, None)
            raise

    def _give_up(self, result: asyncio.Future[Result]) -> None:
        if self._waiting.pop(result, None) is not None and not result.done():
            result.set_exception(TimeoutError())

    def _start_if_due(self) -> None:
        """Start a task if there is something to execute and no reason to wait for other tasks."""
        if not self._waiting or self._is_starting or len(self._running) >= self._max_batches:
            return
        loop = asyncio.get_running_loop()
        due_at = self._last_start + self._patience if self._running else loop.time()
        if due_at <= loop.time():
            self._start(loop)
        elif self._impatience is None:
            self._impatience = loop.call_at(due_at, self._lose_patience)

    def _lose_patience(self) -> None:
        self._impatience = None
        self._start_if_due()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start a task, which takes its first batch once this turn of the event loop has ended."""
        self._is_starting = True
        self._last_start = loop.time()
        # In a new context: its log lines do not belong to the request that started it.
        running = loop.create_task(self._run(), context=Context())
        self._running.add(running)
        running.add_done_callback(self._end)

    def _end(self, ended: asyncio.Task[None]) -> None:
        self._running.discard(ended)
        self._start_if_due()

    async def _run(self) -> None:
        self._is_starting = False
        loop = asyncio.get_running_loop()
        while self._waiting:
            self._last_start = loop.time()
            batch = self._take()
            self._start_if_due()
            await self._run_batch(batch)

    def _take(self) -> dict[asyncio.Future[Result], Item]:
        if len(self._waiting) <= self._max_size:
            batch, self._waiting = self._waiting, {}
            return batch
        first = list(self._waiting)[: self._max_size]
        return {result: self._waiting.pop(result) for result in first}

    async def _run_batch(self, batch: dict[asyncio.Future[Result], Item]) -> None:
        outcomes: Sequence[Result | Exception]
        try:
            outcomes = await self._execute(list(batch.values()))
        except Exception as error:  # noqa: BLE001 - raised for each item of the batch
            outcomes = [error] * len(batch)
        for result, outcome in zip(batch, outcomes, strict=True):
            if result.done():  # its caller was canceled
                continue
            if isinstance(outcome, Exception):
                result.set_exception(outcome)
            else:
                result.set_result(outcome)
