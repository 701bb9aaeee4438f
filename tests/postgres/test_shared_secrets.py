import asyncio

from imagemill.postgres.pool import Postgres
from imagemill.postgres.shared_secrets import SECRET_BYTES, load_shared_secret


async def test_all_who_ask_for_a_secret_get_the_same_also_at_once(pool: Postgres) -> None:
    await pool.run("DELETE FROM secrets WHERE name = 'test'", {})
    found = {*await asyncio.gather(*(load_shared_secret(pool, "test") for _ in range(8)))}
    assert found == {await load_shared_secret(pool, "test")}
    assert len(found.pop()) == SECRET_BYTES


async def test_each_secret_is_another_one(pool: Postgres) -> None:
    assert await load_shared_secret(pool, "test") != await load_shared_secret(pool, "other test")
