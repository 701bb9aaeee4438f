import asyncio

from imagemill.postgres.pool import Postgres
from imagemill.postgres.shared_secrets import SECRET_BYTES, load_shared_secret


async def test_concurrent_readers_get_the_same_secret(pool: Postgres) -> None:
    await pool.run("DELETE FROM secrets WHERE name = 'test'", {})
    found = {*await asyncio.gather(*(load_shared_secret(pool, "test") for _ in range(8)))}
    assert found == {await load_shared_secret(pool, "test")}
    assert len(found.pop()) == SECRET_BYTES


async def test_each_name_has_its_own_secret(pool: Postgres) -> None:
    assert await load_shared_secret(pool, "test") != await load_shared_secret(pool, "other test")
