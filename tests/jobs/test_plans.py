"""How PostgreSQL executes the statements of workers: by which index they look up what."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from imagemill.jobs.leases import CLAIM, FINISH, HEARTBEAT, SWEEP, JobLeases
from imagemill.jobs.store import JobStore
from imagemill.settings.addresses import PostgresAddress
from support.jobs import new_job
from support.servers import connect

PREPARED = {
    "claim": (
        "PREPARE claim (uuid[], uuid, interval) AS "
        + CLAIM.replace("%(ids)s", "$1").replace("%(worker)s", "$2").replace("%(lease)s", "$3"),
        "EXPLAIN EXECUTE claim (NULL, NULL, NULL)",
    ),
    "finish": (
        "PREPARE finish (jsonb, uuid) AS "
        + FINISH.replace("%(results)s", "$1").replace("%(worker)s", "$2"),
        "EXPLAIN EXECUTE finish (NULL, NULL)",
    ),
}


@pytest.mark.parametrize("name", PREPARED)
def test_the_plan_made_for_an_empty_table_suits_a_full_one(
    postgres_address: PostgresAddress, name: str
) -> None:
    prepare, explain = PREPARED[name]
    with connect(postgres_address) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(prepare.encode())
        plan = "\n".join(row[0] for row in connection.execute(explain.encode()))
    assert plan.count("Index Scan using jobs_pkey on jobs") == 2, plan
    assert "Seq Scan" not in plan
    assert "Bitmap" not in plan


async def test_a_heartbeat_touches_no_index(
    job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    job = await job_store.accept(new_job())
    (claim,) = await leases.claim([job.id])
    parameters = {
        "ids": [claim.id],
        "fences": [claim.fence],
        "worker": leases.worker,
        "lease": leases.lease,
    }
    with connect(postgres_address) as connection, connection.transaction():
        connection.execute(HEARTBEAT, parameters)
        ((updated, without_index),) = connection.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'jobs'"
        ).fetchall()
    assert (updated, without_index) == (1, 1)


# Jobs that waited for a while, and were claimed and finished an hour ago.
ADD_PENDING = """
    INSERT INTO jobs (id, input_path, input, pipeline, run_at)
    SELECT uuidv7(), 'inputs/x', '{}', '{}', now() - interval '2 hours'
      FROM generate_series(1, 5000)
"""
CANCEL_ALL = "UPDATE jobs SET status = 'CANCELED', completed_at = now()"


def test_a_sweep_reads_no_jobs_whose_rows_a_snapshot_keeps(
    postgres_address: PostgresAddress, leases: JobLeases
) -> None:
    parameters = {
        "grace": timedelta(seconds=2),
        "window": timedelta(minutes=1),
        "limit": 100,
        "worker": leases.worker,
        "lease": leases.lease,
    }
    with connect(postgres_address) as connection, connect(postgres_address) as holder:
        connection.execute(ADD_PENDING)
        holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with holder.transaction():
            holder.execute("SELECT FROM jobs LIMIT 1")
            connection.execute(CANCEL_ALL)
            for _ in ("without statistics", "with them"):
                assert pages_read(connection, SWEEP, parameters) < 100
                connection.execute("ANALYZE jobs")


def pages_read(connection: psycopg.Connection, statement: str, parameters: dict[str, Any]) -> int:
    """Execute the statement and return how many pages it read, cached or not."""
    explained = connection.execute(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}".encode(), parameters
    ).fetchall()
    plan = explained[0][0][0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])
