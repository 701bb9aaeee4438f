"""Blocking work runs in threads, and nobody leaves before its end."""

import asyncio

import pytest

from imagemill.blocking import run_in_thread


async def test_a_canceled_caller_waits_for_its_thread() -> None:
    entered, may_leave, left = asyncio.Event(), asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(may_leave.wait(), loop).result(10)
        left.append(True)

    task = asyncio.create_task(run_in_thread(work))
    await entered.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_leave.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left == [True]
