"""The pace at which a worker notes itself, and its leaving."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

import pytest

from imagemill.jobs.worker_registry import WorkerCounts, WorkerFacts, WorkerRegistry
from imagemill.postgres.connecting import CONNECT_TIMEOUT_SECONDS
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from imagemill.worker.presence import Presence
from support.process import free_port

# Less than the interval of the longest lease below.
TIMEOUT_SECONDS = 15

FACTS = WorkerFacts(uuid4(), "render-1", "0.1.0", 4, "off: rlimits")


def presence(pool: Postgres, lease: timedelta) -> Presence:
    return Presence(WorkerRegistry(pool), FACTS, lease)


async def run_until_noted(presence: Presence, times: int = 1) -> None:
    """Run until the worker has been noted so often, and no first note waits for an interval."""
    noted = asyncio.Semaphore(0)
    running = asyncio.create_task(presence.run(lambda *_: noted.release()))
    async with asyncio.timeout(TIMEOUT_SECONDS):
        for _ in range(times):
            await noted.acquire()
    running.cancel()
    await asyncio.wait({running})


async def written_at(pool: Postgres) -> list[object]:
    return [row["last_seen_at"] for row in await pool.run("SELECT * FROM workers", {})]


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
    await run_until_noted(presence(pool, lease))
    (row,) = await pool.run("SELECT expires_at - last_seen_at AS lifetime FROM workers", {})
    assert row["lifetime"] == lifetime


async def test_it_is_noted_at_once_and_then_three_times_a_lease(pool: Postgres) -> None:
    await run_until_noted(presence(pool, timedelta(seconds=60)))
    (first,) = await written_at(pool)
    started = time.monotonic()
    await run_until_noted(presence(pool, timedelta(seconds=0.3)), times=3)
    assert time.monotonic() - started >= 0.2
    (later,) = await written_at(pool)
    assert later > first  # type: ignore[operator]


async def test_one_that_stops_in_order_leaves_no_row(pool: Postgres) -> None:
    leaving = presence(pool, timedelta(seconds=60))
    await run_until_noted(leaving)
    await leaving.end()
    assert await WorkerRegistry(pool).count() == WorkerCounts(live=0, lost=0)


async def test_one_that_stops_does_not_wait_for_an_unavailable_postgres(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("imagemill.worker.presence.REMOVAL_TIMEOUT_SECONDS", 0.1)
    nobody = PostgresAddress("127.0.0.1", free_port(), "imagemill", "", "imagemill")
    async with Postgres.open(nobody, pool_size=2) as pool:
        started = time.monotonic()
        await presence(pool, timedelta(seconds=60)).end()
        assert time.monotonic() - started < CONNECT_TIMEOUT_SECONDS
