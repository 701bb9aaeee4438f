"""What comes together is executed together, each item with its own outcome."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from imagemill import batcher as batcher_module
from imagemill.batcher import Batcher


class Recorder:
    """Executes batches of numbers when it may, and doubles them; -1 fails alone, 0 fails all."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_finish = asyncio.Event()

    async def execute(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(numbers))
        await self.may_finish.wait()
        if 0 in numbers:
            raise ZeroDivisionError
        return [ValueError("negative") if number < 0 else 2 * number for number in numbers]


async def submit(batcher: Batcher[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    """Submit the numbers one after the other, and return once they are running or waiting."""
    tasks = [asyncio.create_task(batcher.submit(number)) for number in numbers]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_what_comes_alone_is_executed_at_once_and_what_comes_meanwhile_together() -> None:
    recorder = Recorder()
    batcher = Batcher(recorder.execute, max_size=3)
    first = await submit(batcher, 1)
    later = await submit(batcher, 2, 3, 4, 5)
    assert recorder.batches == [[1]]
    recorder.may_finish.set()
    assert await asyncio.gather(*first, *later) == [2, 4, 6, 8, 10]
    assert recorder.batches == [[1], [2, 3, 4], [5]]


async def test_as_many_batches_run_at_once_as_are_allowed() -> None:
    recorder = Recorder()
    batcher = Batcher(recorder.execute, max_size=3, max_batches=2)
    tasks = [task for number in (1, 2, 3, 4) for task in await submit(batcher, number)]
    assert recorder.batches == [[1], [2]]
    recorder.may_finish.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8]
    assert recorder.batches == [[1], [2], [3, 4]]


async def test_a_batch_that_hangs_delays_others_no_longer_than_the_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batcher_module, "MAX_WAIT_SECONDS", 1000)
    recorder = Recorder()
    batcher = Batcher(recorder.execute, max_size=3, max_batches=2, patience=60)
    tasks = await submit(batcher, 1)
    tasks += await submit(batcher, 2, 3)
    assert recorder.batches == [[1]]
    # The clock is put forward, so that the patience ends now and on no machine before.
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + 60)
    tasks += await submit(batcher)
    assert recorder.batches == [[1], [2, 3]]
    recorder.may_finish.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6]


async def test_a_batch_that_ends_in_time_is_followed_by_one_and_not_joined_by_another() -> None:
    recorder = Recorder()
    batcher = Batcher(recorder.execute, max_size=3, max_batches=2, patience=60)
    first = await submit(batcher, 1)
    later = await submit(batcher, 2) + await submit(batcher, 3)
    recorder.may_finish.set()
    assert await asyncio.gather(*first, *later) == [2, 4, 6]
    assert recorder.batches == [[1], [2, 3]]


async def test_an_item_that_fails_does_not_fail_those_that_come_with_it() -> None:
    recorder = Recorder()
    batcher = Batcher(recorder.execute, max_size=9)
    tasks = await submit(batcher, 1) + await submit(batcher, 2, -1, 3)
    recorder.may_finish.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(outcome, "args", outcome) for outcome in outcomes] == [2, 4, ("negative",), 6]


async def test_a_batch_that_fails_fails_for_each_item_and_the_next_one_runs() -> None:
    recorder = Recorder()
    recorder.may_finish.set()
    batcher = Batcher(recorder.execute, max_size=9)
    tasks = await submit(batcher, 1, 0)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[1], ZeroDivisionError)
    assert await batcher.submit(4) == 8


async def test_an_item_whose_caller_was_canceled_while_it_waited_is_not_executed() -> None:
    recorder = Recorder()
    batcher = Batcher(recorder.execute, max_size=9)
    first = await submit(batcher, 1)
    canceled, kept = await submit(batcher, 2, 3)
    canceled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await canceled
    recorder.may_finish.set()
    assert await asyncio.gather(*first, kept) == [2, 6]
    assert recorder.batches == [[1], [3]]


async def test_an_item_that_waits_too_long_is_given_up_and_not_executed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batcher_module, "MAX_WAIT_SECONDS", 0)
    recorder = Recorder()
    batcher = Batcher(recorder.execute, max_size=9)
    first = await submit(batcher, 1)
    with pytest.raises(TimeoutError):
        await batcher.submit(2)
    recorder.may_finish.set()
    assert await asyncio.gather(*first) == [2]
    await asyncio.sleep(0)
    assert await batcher.submit(3) == 6
    assert recorder.batches == [[1], [3]]
