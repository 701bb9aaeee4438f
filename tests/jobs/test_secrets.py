import asyncio

from imagemill.jobs.postgres import Postgres
from imagemill.jobs.secrets import SECRET_BYTES, kept_secret


async def test_all_who_ask_for_a_secret_get_the_same_also_at_once(pool: Postgres) -> None:
    await pool.run("DELETE FROM secrets WHERE name = 'test'", {})
    found = {*await asyncio.gather(*(kept_secret(pool, "test") for _ in range(8)))}
    assert found == {await kept_secret(pool, "test")}
    assert len(found.pop()) == SECRET_BYTES


async def test_each_secret_is_another_one(pool: Postgres) -> None:
    assert await kept_secret(pool, "test") != await kept_secret(pool, "other test")
