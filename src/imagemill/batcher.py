"""Batched execution: what is submitted while a batch runs goes into the next one.

What is submitted alone is executed at once, so nobody waits for a timer. Many that come together
share what a batch costs: a statement, a round trip, a thread, the sync of a folder.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Executes items in batches of at most `max_size`, and at most `max_batches` at a time.

    `execute` returns the result of each item in their order; an exception among them is raised for
    that item alone, one that `execute` raises for all of them.
    """

    def __init__(
        self,
        execute: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        max_size: int,
        max_batches: int = 1,
    ) -> None:
        self._execute = execute
        self._max_size = max_size
        self._free = max_batches
        self._pending: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """Execute the item in a batch and return its result.

        It is executed even if the caller is canceled meanwhile, unless it is still waiting.
        """
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending.append((item, result))
        if self._free:
            self._free -= 1
            # In a new context: its log lines do not belong to the request that started it.
            running = asyncio.create_task(self._run(), context=Context())
            self._running.add(running)
            running.add_done_callback(self._running.discard)
        return await result

    async def _run(self) -> None:
        try:
            while batch := self._take():
                await self._run_batch(batch)
        finally:  # without an await since the check, so that no item is left without a task
            self._free += 1

    def _take(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._pending and len(batch) < self._max_size:
            item, result = self._pending.popleft()
            if not result.done():  # its caller was canceled
                batch.append((item, result))
        return batch

    async def _run_batch(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        outcomes: Sequence[Result | Exception]
        try:
            outcomes = await self._execute([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - raised for each item of the batch
            outcomes = [error] * len(batch)
        for (_, result), outcome in zip(batch, outcomes, strict=True):
            if result.done():
                continue
            if isinstance(outcome, Exception):
                result.set_exception(outcome)
            else:
                result.set_result(outcome)
