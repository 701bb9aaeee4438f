"""How PostgreSQL executes the statements of workers: by which index they look up what."""

import pytest

from imagemill.jobs.leases import CLAIM, FINISH, HEARTBEAT, JobLeases
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
