"""Who may run beside whom."""

import asyncio

from imagemill.worker.shared_exclusive_lock import SharedExclusiveLock


class Visitor:
    """Somebody who enters a gate and stays until told to leave."""

    def __init__(self, gate: SharedExclusiveLock, *, alone: bool) -> None:
        self.is_inside = False
        self._may_leave = asyncio.Event()
        self.task = asyncio.create_task(self._visit(gate, alone=alone))

    async def _visit(self, gate: SharedExclusiveLock, *, alone: bool) -> None:
        async with gate.enter(alone=alone):
            self.is_inside = True
            await self._may_leave.wait()
        self.is_inside = False

    async def leave(self) -> None:
        self._may_leave.set()
        await self.task


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_first_attempts_run_side_by_side() -> None:
    gate = SharedExclusiveLock()
    visitors = [Visitor(gate, alone=False) for _ in range(3)]
    await settle()
    assert [visitor.is_inside for visitor in visitors] == [True] * 3
    for visitor in visitors:
        await visitor.leave()


async def test_a_second_attempt_waits_until_nobody_is_inside_and_keeps_others_out() -> None:
    gate = SharedExclusiveLock()
    first = Visitor(gate, alone=False)
    await settle()
    alone, late = Visitor(gate, alone=True), Visitor(gate, alone=False)
    await settle()
    assert (first.is_inside, alone.is_inside, late.is_inside) == (True, False, False)
    await first.leave()
    await settle()
    assert (alone.is_inside, late.is_inside) == (True, False)
    await alone.leave()
    await settle()
    assert late.is_inside
    await late.leave()


async def test_two_second_attempts_run_one_after_the_other() -> None:
    gate = SharedExclusiveLock()
    one, two = Visitor(gate, alone=True), Visitor(gate, alone=True)
    await settle()
    assert (one.is_inside, two.is_inside) == (True, False)
    await one.leave()
    await settle()
    assert two.is_inside
    await two.leave()


async def test_one_who_gives_up_waiting_blocks_nobody() -> None:
    gate = SharedExclusiveLock()
    first = Visitor(gate, alone=False)
    await settle()
    impatient, late = Visitor(gate, alone=True), Visitor(gate, alone=False)
    await settle()
    impatient.task.cancel()
    await settle()
    assert late.is_inside
    await first.leave()
    await late.leave()
