"""Chores go on, whatever becomes of one of them."""

import asyncio

import structlog

from imagemill.periodic import pause_after, run_periodically
from imagemill.postgres.pool import DatabaseUnavailable


async def told(*outcomes: Exception | None) -> list[tuple[str, str]]:
    """Let a chore end in each of these ways, one a round; return what was logged."""
    left, done = list(outcomes), asyncio.Event()

    async def chore() -> None:
        if not left:
            done.set()
            await asyncio.Event().wait()
        if outcome := left.pop(0):
            raise outcome

    with structlog.testing.capture_logs() as logged:
        task = asyncio.create_task(run_periodically("dusting", chore, (0, 0)))
        await asyncio.wait({task, asyncio.create_task(done.wait())}, return_when="FIRST_COMPLETED")
        task.cancel()
    return [(line["log_level"], line["event"]) for line in logged]


async def test_a_neighbour_that_is_away_is_logged_once_and_once_when_it_is_back() -> None:
    away = DatabaseUnavailable("PostgreSQL is away")
    assert await told(None, away, away, away, None, None) == [
        ("warning", "chore.put_off"),
        ("info", "chore.resumed"),
    ]


async def test_a_bug_is_logged_and_the_chore_is_done_again() -> None:
    assert await told(ZeroDivisionError(), None) == [
        ("error", "chore.bug"),
        ("info", "chore.resumed"),
    ]


def test_pauses_grow_while_a_neighbour_is_away_up_to_a_minute() -> None:
    assert [pause_after(failures, 5) for failures in (0, 1, 2, 3, 4, 5000)] == [
        5,
        10,
        20,
        40,
        60,
        60,
    ]
    assert [pause_after(failures, 90) for failures in (0, 1, 5000)] == [90, 90, 90]
