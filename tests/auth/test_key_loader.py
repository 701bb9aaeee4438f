"""Keys that are looked up for many at once."""

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

CROWD = 1000


@dataclass(frozen=True, slots=True)
class Watched(ApiKeys):
    """The table, which notes how it is asked; what it says first is held until it is let go."""

    asked: list[int] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def look_up(self, ids: Collection[KeyId]) -> Mapping[KeyId | None, KeyLookup]:
        self.asked.append(len(ids))
        is_first = len(self.asked) == 1
        found = await ApiKeys.look_up(self, ids)
        if is_first:
            self.held.set()
            await self.let_go.wait()
        return found


def id_of(key: Headers) -> KeyId:
    return KeyId(UUID(key["Authorization"].split("_")[1]))


async def test_a_crowd_costs_a_few_statements_and_each_hears_of_its_own_key(
    pool: Postgres, keyring: Keyring
) -> None:
    ids = [id_of(keyring.add(f"client {number}")) for number in range(3)]
    stranger = KeyId(uuid7())
    asked = [*ids, stranger, None] * (CROWD // 5)
    table = Watched(pool)
    table.let_go.set()
    key_loader = ApiKeyLoader(table)
    found = await asyncio.gather(*(key_loader.look_up(key_id) for key_id in asked))
    assert [one.key and one.key.id for one in found] == [*ids, None, None] * (CROWD // 5)
    assert all(one.any_exists for one in found)
    assert len(table.asked) <= MAX_CONCURRENT_STATEMENTS
    assert max(table.asked) == len({*ids, stranger})


async def test_a_statement_that_hangs_keeps_nobody_waiting_but_those_it_was_sent_for(
    pool: Postgres, keyring: Keyring
) -> None:
    key_id = id_of(keyring.add("ci"))
    table = Watched(pool)
    key_loader = ApiKeyLoader(table)
    unlucky = asyncio.ensure_future(key_loader.look_up(key_id))
    await table.held.wait()
    assert (await key_loader.look_up(key_id)).key
    assert not unlucky.done()
    table.let_go.set()
    assert (await unlucky).key


async def test_who_comes_while_a_statement_is_under_way_is_not_told_what_that_one_says(
    pool: Postgres, keyring: Keyring
) -> None:
    table = Watched(pool)
    key_loader = ApiKeyLoader(table)
    before = asyncio.ensure_future(key_loader.look_up(None))
    await table.held.wait()
    keyring.add("first")
    assert (await key_loader.look_up(None)).any_exists
    table.let_go.set()
    assert not (await before).any_exists


async def test_one_who_leaves_takes_nothing_from_the_others(
    pool: Postgres, keyring: Keyring
) -> None:
    key_id = id_of(keyring.add("ci"))
    key_loader = ApiKeyLoader(ApiKeys(pool))
    leaving, staying = (asyncio.ensure_future(key_loader.look_up(key_id)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).key


async def test_without_postgresql_all_are_told_so() -> None:
    nobody = PostgresAddress("127.0.0.1", free_port(), "imagemill", "", "imagemill")
    async with Postgres.open(nobody, pool_size=2) as away:
        key_loader = ApiKeyLoader(ApiKeys(away))
        answers = await asyncio.gather(
            *(key_loader.look_up(None) for _ in range(CROWD)), return_exceptions=True
        )
    assert {type(answer) for answer in answers} == {DatabaseUnavailable}
