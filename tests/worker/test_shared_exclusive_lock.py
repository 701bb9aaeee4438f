"""Which attempts may run beside which."""

import asyncio

from imagemill.worker.shared_exclusive_lock import SharedExclusiveLock


class Holder:
    """A task that acquires the lock and holds it until `release` is called."""

    def __init__(self, lock: SharedExclusiveLock, *, exclusive: bool) -> None:
        self.is_holding = False
        self._may_release = asyncio.Event()
        self.task = asyncio.create_task(self._hold(lock, exclusive=exclusive))

    async def _hold(self, lock: SharedExclusiveLock, *, exclusive: bool) -> None:
        async with lock.acquire(exclusive=exclusive):
            self.is_holding = True
            await self._may_release.wait()
        self.is_holding = False

    async def release(self) -> None:
        self._may_release.set()
        await self.task


async def run_ready_tasks() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_shared_holders_hold_it_side_by_side() -> None:
    lock = SharedExclusiveLock()
    holders = [Holder(lock, exclusive=False) for _ in range(3)]
    await run_ready_tasks()
    assert [holder.is_holding for holder in holders] == [True] * 3
    for holder in holders:
        await holder.release()


async def test_an_exclusive_one_waits_until_nobody_holds_it_and_stops_newcomers() -> None:
    lock = SharedExclusiveLock()
    first = Holder(lock, exclusive=False)
    await run_ready_tasks()
    exclusive, late = Holder(lock, exclusive=True), Holder(lock, exclusive=False)
    await run_ready_tasks()
    assert (first.is_holding, exclusive.is_holding, late.is_holding) == (True, False, False)
    await first.release()
    await run_ready_tasks()
    assert (exclusive.is_holding, late.is_holding) == (True, False)
    await exclusive.release()
    await run_ready_tasks()
    assert late.is_holding
    await late.release()


async def test_two_exclusive_ones_hold_it_one_after_the_other() -> None:
    lock = SharedExclusiveLock()
    one, two = Holder(lock, exclusive=True), Holder(lock, exclusive=True)
    await run_ready_tasks()
    assert (one.is_holding, two.is_holding) == (True, False)
    await one.release()
    await run_ready_tasks()
    assert two.is_holding
    await two.release()


async def test_a_canceled_exclusive_waiter_blocks_nobody() -> None:
    lock = SharedExclusiveLock()
    first = Holder(lock, exclusive=False)
    await run_ready_tasks()
    canceled, late = Holder(lock, exclusive=True), Holder(lock, exclusive=False)
    await run_ready_tasks()
    canceled.task.cancel()
    await run_ready_tasks()
    assert late.is_holding
    await first.release()
    await late.release()
