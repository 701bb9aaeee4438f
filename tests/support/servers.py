"""Plain clients of PostgreSQL and Redis, independent of imagemill's own."""

from contextlib import suppress

import psycopg
import redis

from imagemill.settings.addresses import PostgresAddress, RedisAddress

TRUNCATE = "TRUNCATE jobs, job_events, file_deletions, api_keys, workers CASCADE"
MAX_DEADLOCKS = 5


def connect(address: PostgresAddress) -> psycopg.Connection:
    return psycopg.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        dbname=address.dbname,
        autocommit=True,
    )


def redis_client(address: RedisAddress) -> redis.Redis:
    return redis.Redis(host=address.host, port=address.port, password=address.password)


def count_jobs(address: PostgresAddress) -> int:
    with connect(address) as connection:
        return int(connection.execute("SELECT count(*) FROM jobs").fetchall()[0][0])


def waits_for_a_lock(address: PostgresAddress, statement: str) -> bool:
    """Whether a statement that contains these words waits for a lock."""
    with connect(address) as connection:
        found = connection.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND position(%s in query) > 0 AND pid <> pg_backend_pid()",
            [statement],
        )
        return found.rowcount > 0


def delete_all_rows(address: PostgresAddress) -> None:
    """Delete all jobs with what belongs to them, all API keys, and all notes of workers."""
    with connect(address) as connection:
        for _ in range(MAX_DEADLOCKS):
            # Statements of a worker that still runs lock the same tables in another order.
            with suppress(psycopg.errors.DeadlockDetected):
                connection.execute(TRUNCATE)
                return
        connection.execute(TRUNCATE)
