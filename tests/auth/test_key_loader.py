"""Batched lookups of API keys."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from uuid_utils.compat import uuid7

from imagemill.auth.api_key import KeyLookup
from imagemill.auth.api_keys import ApiKeys
from imagemill.auth.key_loader import MAX_CONCURRENT_STATEMENTS, ApiKeyLoader
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import DatabaseUnavailable, Postgres
from imagemill.settings.addresses import PostgresAddress
from support.keys import Headers, Keyring
from support.process import free_port

REQUESTS = 1000


@dataclass(frozen=True, slots=True)
class HeldTable(ApiKeys):
    """The table: records each statement, and holds the result of the first until `released`."""

    statements: list[int] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def look_up(self, ids: Collection[KeyId]) -> Mapping[KeyId | None, KeyLookup]:
        self.statements.append(len(ids))
        is_first = len(self.statements) == 1
        found = await ApiKeys.look_up(self, ids)
        if is_first:
            self.held.set()
            await self.released.wait()
        return found


def id_of(key: Headers) -> KeyId:
    return KeyId(UUID(key["Authorization"].split("_")[1]))


async def test_many_lookups_at_once_cost_a_few_statements_and_each_gets_its_own_key(
    pool: Postgres, keyring: Keyring
) -> None:
    ids = [id_of(keyring.add(f"client {number}")) for number in range(3)]
    unknown = KeyId(uuid7())
    key_ids = [*ids, unknown, None] * (REQUESTS // 5)
    table = HeldTable(pool)
    table.released.set()
    key_loader = ApiKeyLoader(table)
    found = await asyncio.gather(*(key_loader.look_up(key_id) for key_id in key_ids))
    assert [one.key and one.key.id for one in found] == [*ids, None, None] * (REQUESTS // 5)
    assert all(one.any_exists for one in found)
    assert len(table.statements) <= MAX_CONCURRENT_STATEMENTS
    assert max(table.statements) == len({*ids, unknown})


async def test_a_statement_that_hangs_delays_only_its_own_lookups(
    pool: Postgres, keyring: Keyring
) -> None:
    key_id = id_of(keyring.add("ci"))
    table = HeldTable(pool)
    key_loader = ApiKeyLoader(table)
    first = asyncio.ensure_future(key_loader.look_up(key_id))
    await table.held.wait()
    assert (await key_loader.look_up(key_id)).key
    assert not first.done()
    table.released.set()
    assert (await first).key


async def test_a_lookup_never_gets_the_result_of_a_statement_that_began_before_it(
    pool: Postgres, keyring: Keyring
) -> None:
    table = HeldTable(pool)
    key_loader = ApiKeyLoader(table)
    before = asyncio.ensure_future(key_loader.look_up(None))
    await table.held.wait()
    keyring.add("first")
    assert (await key_loader.look_up(None)).any_exists
    table.released.set()
    assert not (await before).any_exists


async def test_a_canceled_lookup_does_not_affect_the_others(
    pool: Postgres, keyring: Keyring
) -> None:
    key_id = id_of(keyring.add("ci"))
    key_loader = ApiKeyLoader(ApiKeys(pool))
    leaving, staying = (asyncio.ensure_future(key_loader.look_up(key_id)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).key


async def test_without_postgresql_every_lookup_fails() -> None:
    no_server = PostgresAddress("127.0.0.1", free_port(), "imagemill", "", "imagemill")
    async with Postgres.open(no_server, pool_size=2) as postgres:
        key_loader = ApiKeyLoader(ApiKeys(postgres))
        answers = await asyncio.gather(
            *(key_loader.look_up(None) for _ in range(REQUESTS)), return_exceptions=True
        )
    assert {type(answer) for answer in answers} == {DatabaseUnavailable}
