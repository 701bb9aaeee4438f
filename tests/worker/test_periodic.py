"""Periodic tasks go on, whatever becomes of one run."""

import asyncio

import structlog

from imagemill.periodic import pause_after, run_periodically
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import StorageUnavailable


async def log_events_of(*outcomes: Exception | None) -> list[tuple[str, str]]:
    """Let the runs of a task end in each of these ways; return what was logged."""
    left, done = list(outcomes), asyncio.Event()

    async def action() -> None:
        if not left:
            done.set()
            await asyncio.Event().wait()
        if outcome := left.pop(0):
            raise outcome

    with structlog.testing.capture_logs() as logged:
        task = asyncio.create_task(run_periodically("task", action, (0, 0)))
        await asyncio.wait({task, asyncio.create_task(done.wait())}, return_when="FIRST_COMPLETED")
        task.cancel()
    return [(line["log_level"], line["event"]) for line in logged]


async def test_an_unavailable_service_is_logged_once_and_once_when_it_is_back() -> None:
    unavailable = StorageUnavailable("The storage failed")
    assert await log_events_of(None, unavailable, unavailable, unavailable, None, None) == [
        ("warning", "periodic_task.postponed"),
        ("info", "periodic_task.resumed"),
    ]


async def test_an_outage_that_was_logged_is_not_logged_again_above_debug() -> None:
    unavailable = DatabaseUnavailable("PostgreSQL is unavailable")
    assert await log_events_of(None, unavailable, unavailable, None) == [
        ("debug", "periodic_task.postponed"),
        ("debug", "periodic_task.resumed"),
    ]


async def test_a_bug_is_logged_and_the_task_runs_again() -> None:
    assert await log_events_of(ZeroDivisionError(), None) == [
        ("error", "periodic_task.bug"),
        ("info", "periodic_task.resumed"),
    ]


def test_pauses_double_with_each_failure_up_to_a_minute() -> None:
    assert [pause_after(failures, 5) for failures in (0, 1, 2, 3, 4, 5000)] == [
        5,
        10,
        20,
        40,
        60,
        60,
    ]
    assert [pause_after(failures, 90) for failures in (0, 1, 5000)] == [90, 90, 90]
