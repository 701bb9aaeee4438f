"""Numbers of jobs that have not ended, and what they cost to read."""

from datetime import timedelta

import pytest

from imagemill.jobs import queue_stats
from imagemill.jobs.job import Priority
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.queue_stats import QUEUE_STATS, QueueStats, read_queue_stats
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from support.jobs import completed, new_job
from support.servers import connect

MANY = """
    INSERT INTO jobs (id, input_path, input, pipeline, priority, run_at)
    SELECT gen_random_uuid(), 'inputs/x', '{}', '{}', 'low', now() - interval '1 min'
      FROM generate_series(1, 3000)
"""


async def test_an_empty_table_has_no_jobs(pool: Postgres) -> None:
    assert await read_queue_stats(pool) == QueueStats(0, 0, 0, timedelta(0))


async def test_jobs_count_as_due_delayed_or_processing_and_no_more_when_they_have_ended(
    pool: Postgres, job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    first, second, *others = [await job_store.accept(new_job(p)) for p in [*Priority, *Priority]]
    (done,) = await leases.claim([first.id])
    await leases.finish([completed(done)])
    (released,) = await leases.claim([second.id])
    await leases.release([released], timedelta(hours=1))
    await leases.claim([others[0].id])
    with connect(postgres_address) as connection:
        connection.execute(
            "UPDATE jobs SET run_at = now() - interval '1 day' WHERE id = %s", (others[1].id,)
        )
    found = await read_queue_stats(pool)
    assert (found.due, found.delayed, found.processing) == (3, 1, 1)
    assert timedelta(days=1) <= found.oldest_due < timedelta(days=1, hours=1)


async def test_jobs_of_the_future_are_not_waiting_yet(
    pool: Postgres, job_store: JobStore, leases: JobLeases
) -> None:
    await job_store.accept(new_job())
    await leases.release(await leases.sweep(1, timedelta(0)), timedelta(hours=1))
    assert await read_queue_stats(pool) == QueueStats(0, 1, 0, timedelta(0))


async def test_no_more_rows_are_looked_at_than_are_counted(
    pool: Postgres, postgres_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_stats, "MAX_COUNTED", 100)
    with connect(postgres_address) as connection:
        connection.execute(MANY)
        connection.execute("ANALYZE jobs")
        assert (await read_queue_stats(pool)).due == 100
        plan = connection.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {QUEUE_STATS}",
            {"max_counted": 100},
        ).fetchall()[0][0]
    assert max_rows(plan[0]["Plan"]) <= 100


def max_rows(node: dict[str, object]) -> float:
    """Return the largest number of rows that a step of the plan read, filtered ones included."""
    met = float(str(node["Actual Rows"])) + float(str(node.get("Rows Removed by Filter", 0)))
    below = node.get("Plans", [])
    assert isinstance(below, list)
    return max([met, *map(max_rows, below)])
