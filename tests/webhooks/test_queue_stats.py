"""How many webhooks wait, for how long, and what that costs to read."""

from datetime import timedelta

import pytest

from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from imagemill.webhooks import queue_stats
from imagemill.webhooks.queue_stats import WebhookStats, read_webhook_stats
from support.servers import connect

ADD = """
    WITH job AS (
        INSERT INTO jobs (id, input_path, input, pipeline)
        SELECT gen_random_uuid(), 'x', '{}', '{}' FROM generate_series(1, %(count)s) RETURNING id)
    INSERT INTO deliveries (job_id, number, event, url, receiver, body, tries, next_try_at)
    SELECT id, 1, 'job.completed', 'http://x/', %(receiver)s, '{}', %(tries)s, now() - %(due)s
      FROM job
"""
MINUTE = timedelta(minutes=1)


def add(
    address: PostgresAddress, due: timedelta, *, receiver: str = "a", tries: int = 0, count: int = 1
) -> None:
    """Add webhooks that have been due for so long."""
    values = {"count": count, "receiver": receiver, "tries": tries, "due": due}
    with connect(address) as connection:
        connection.execute(ADD, values)


async def test_without_webhooks_there_is_nothing(pool: Postgres) -> None:
    assert await read_webhook_stats(pool) == WebhookStats(0, timedelta(0))


async def test_the_oldest_of_all_receivers_and_kinds_of_tries_counts(
    pool: Postgres, postgres_address: PostgresAddress
) -> None:
    add(postgres_address, -60 * MINUTE)
    assert await read_webhook_stats(pool) == WebhookStats(1, timedelta(0))
    add(postgres_address, 2 * MINUTE)
    add(postgres_address, 5 * MINUTE, receiver="b")
    add(postgres_address, 9 * MINUTE, receiver="a", tries=3)
    with connect(postgres_address) as connection:
        connection.execute(
            "UPDATE deliveries SET status = 'DELIVERED', delivered_at = now(), next_try_at = NULL"
            " WHERE receiver = 'b'"
        )
    found = await read_webhook_stats(pool)
    assert found.pending == 3
    assert 9 * MINUTE <= found.oldest_due < 10 * MINUTE


async def test_a_backlog_is_counted_up_to_a_limit(
    pool: Postgres, postgres_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_stats, "MAX_COUNTED", 20)
    add(postgres_address, MINUTE, count=50)
    assert (await read_webhook_stats(pool)).pending == 20
