"""The pace at which a worker notes itself, and its leaving."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from imagemill.jobs.worker_registry import WorkerCounts, WorkerFacts, WorkerRegistry
from imagemill.postgres.pool import Postgres
from imagemill.worker import presence as presence_module
from imagemill.worker.presence import Presence

FACTS = WorkerFacts(uuid4(), "render-1", "0.1.0", 4, "off: rlimits")
# Less than the longest interval: what is there by then was noted at once.
AT_ONCE_SECONDS = 15


def presence(pool: Postgres, lease: timedelta) -> Presence:
    return Presence(WorkerRegistry(pool), FACTS, lease)


class SilentRegistry(WorkerRegistry):
    """A registry whose server does not answer."""

    async def remove(self, worker_id: UUID) -> None:
        del worker_id
        await asyncio.Event().wait()


@asynccontextmanager
async def running(presence: Presence) -> AsyncIterator[None]:
    task = asyncio.create_task(presence.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def next_note(pool: Postgres, after: datetime | None = None) -> datetime:
    """Return when the worker was last noted, once that is another time than `after`."""
    async with asyncio.timeout(AT_ONCE_SECONDS):
        while True:
            for row in await pool.run("SELECT last_seen_at FROM workers", {}, AT_ONCE_SECONDS):
                noted: datetime = row["last_seen_at"]
                if noted != after:
                    return noted
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("lease", "lifetime"),
    [
        (timedelta(seconds=30), timedelta(seconds=30)),
        (timedelta(hours=24), timedelta(minutes=1)),
    ],
)
async def test_a_worker_counts_as_live_for_its_lease_and_never_for_more_than_a_minute(
    pool: Postgres, lease: timedelta, lifetime: timedelta
) -> None:
    async with running(presence(pool, lease)):
        await next_note(pool)
    (row,) = await pool.run("SELECT expires_at - last_seen_at AS lifetime FROM workers", {})
    assert row["lifetime"] == lifetime


async def test_it_is_noted_at_once_and_then_three_times_a_lease(pool: Postgres) -> None:
    async with running(presence(pool, timedelta(seconds=60))):
        noted = await next_note(pool)
    async with running(presence(pool, timedelta(seconds=0.3))):
        for _ in range(3):
            noted = await next_note(pool, after=noted)


async def test_one_that_stops_in_order_leaves_no_row(
    pool: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "REMOVAL_TIMEOUT_SECONDS", 30)
    leaving = presence(pool, timedelta(seconds=60))
    async with running(leaving):
        await next_note(pool)
    await leaving.end()
    assert await WorkerRegistry(pool).count() == WorkerCounts(live=0, lost=0)


async def test_one_that_stops_does_not_wait_for_an_unavailable_postgres(pool: Postgres) -> None:
    async with asyncio.timeout(30):
        await Presence(SilentRegistry(pool), FACTS, timedelta(seconds=60)).end()
