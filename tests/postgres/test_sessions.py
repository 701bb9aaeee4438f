"""Sessions with databases and servers as operators have set them up."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from conftest import Gateway, running_gateway
from imagemill.errors import SettingsError
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres import pool as pool_module
from imagemill.postgres.migrate import migrate
from imagemill.postgres.pool import DatabaseUnavailable, Postgres, ReadOnlyDatabase
from imagemill.settings.addresses import PostgresAddress
from support.jobs import new_job
from support.process import free_port, wait_until
from support.servers import connect


@contextmanager
def database_setting(address: PostgresAddress, name: str, value: str) -> Iterator[None]:
    """Give new sessions of the database this setting while the block runs."""
    with connect(address) as connection:
        # As superuser one may write again, in a session that may not by default.
        connection.execute(f"ALTER DATABASE {address.dbname} SET {name} = '{value}'")
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {address.dbname} RESET {name}")


def url_of(address: PostgresAddress, options: str = "") -> str:
    host = f"{address.host}:{address.port}"
    return f"postgresql://{address.user}:{address.password}@{host}/{address.dbname}{options}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DateStyle", "SQL, DMY"),
        ("IntervalStyle", "iso_8601"),
        ("TimeZone", "America/St_Johns"),
        ("client_encoding", "LATIN1"),
    ],
)
async def test_the_form_of_results_does_not_depend_on_the_database(
    name: str, value: str, postgres_address: PostgresAddress
) -> None:
    moment = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    with database_setting(postgres_address, name, value):
        async with Postgres.open(postgres_address, pool_size=2) as pool:
            (row,) = await pool.run(
                "SELECT %(at)s::timestamptz AS at, %(age)s::interval AS age, %(text)s AS text",
                {"at": moment, "age": timedelta(days=1, hours=2), "text": "Übersicht €"},
            )
            assert row == {"at": moment, "age": timedelta(days=1, hours=2), "text": "Übersicht €"}
            leases = JobLeases(pool, worker=new_job().id, lease=timedelta(minutes=1))
            job = await JobStore(pool).accept(new_job())
            (claim,) = await leases.claim([job.id])
            assert claim.id == job.id
            assert abs(datetime.now(UTC) - (await JobStore(pool).find(job.id)).created_at) < (
                timedelta(minutes=1)
            )


async def test_sessions_that_are_read_only_are_thrown_away(
    postgres_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "READ_ONLY_SECONDS", 0)
    async with Postgres.open(postgres_address, pool_size=4) as pool:
        store = JobStore(pool)
        with database_setting(postgres_address, "default_transaction_read_only", "on"):
            await pool._pool.drain()
            await asyncio.gather(*(pool.run("SELECT pg_sleep(0.2)", {}) for _ in range(4)))
        # Four sessions that began as read-only, and none of them fails a write.
        await asyncio.gather(*(store.accept(new_job()) for _ in range(4)))
        await asyncio.gather(*(pool.check_writable() for _ in range(4)))


async def test_a_read_only_server_is_told_until_it_takes_writes(
    postgres_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "READ_ONLY_SECONDS", 0)
    async with Postgres.open(postgres_address, pool_size=4) as pool:
        with database_setting(postgres_address, "default_transaction_read_only", "on"):
            await pool._pool.drain()
            with pytest.raises(ReadOnlyDatabase, match="PostgreSQL is read-only"):
                await JobStore(pool).accept(new_job())
            with pytest.raises(ReadOnlyDatabase):
                await pool.check_writable()
        await pool.check_writable()


def test_a_gateway_is_not_ready_while_its_database_is_read_only(
    addresses: dict[str, str],
    postgres_address: PostgresAddress,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running_gateway(addresses, tmp_path_factory.mktemp("gateway")) as gateway:
        with database_setting(postgres_address, "default_transaction_read_only", "on"):
            end_sessions(postgres_address)
            wait_until(lambda: is_read_only(gateway), "the gateway is not ready, and says why")
        wait_until(
            lambda: gateway.client.get("/readyz").is_success,
            "the gateway is ready again",
            timeout_seconds=30,
        )


def is_read_only(gateway: Gateway) -> bool:
    answer = gateway.client.get("/readyz").json()
    return answer["postgres"] == "away" and "PostgreSQL is read-only" in answer["detail"]


def end_sessions(address: PostgresAddress) -> None:
    with connect(address) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'imagemill' AND pid <> pg_backend_pid()"
        )


def test_a_database_that_cannot_hold_every_text_is_refused_in_a_sentence(
    postgres_address: PostgresAddress,
) -> None:
    with connect(postgres_address) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        try:
            with pytest.raises(SettingsError, match=r"latin has the encoding LATIN1, .* UTF8"):
                migrate(replace(postgres_address, dbname="latin"))
        finally:
            connection.execute("DROP DATABASE latin WITH (FORCE)")


async def test_a_wrong_password_is_said_to_be_wrong(postgres_address: PostgresAddress) -> None:
    wrong = replace(postgres_address, password="wrong")  # noqa: S106
    with pytest.raises(DatabaseUnavailable, match='password authentication failed for user "'):
        migrate(wrong)
    async with Postgres.open(wrong, pool_size=2) as pool:
        with pytest.raises(DatabaseUnavailable, match='password authentication failed for user "'):
            await pool.check_writable()


async def test_a_url_names_the_database_and_its_options_count(
    postgres_address: PostgresAddress,
) -> None:
    nowhere = replace(postgres_address, host="nowhere.invalid", port=1, user="", password="")
    url = url_of(postgres_address, "?target_session_attrs=read-write")
    async with Postgres.open(replace(nowhere, url=url), pool_size=2) as pool:
        await pool.check_writable()
    migrate(replace(nowhere, url=url))
    tls = url_of(postgres_address, "?sslmode=require")
    with pytest.raises(DatabaseUnavailable, match="SSL"):
        migrate(replace(nowhere, url=tls))


async def test_of_several_hosts_the_one_that_answers_is_used(
    postgres_address: PostgresAddress,
) -> None:
    one = postgres_address
    url = (
        f"postgresql://{one.user}:{one.password}@127.0.0.1:{free_port()},{one.host}:{one.port}"
        f"/{one.dbname}"
    )
    async with Postgres.open(replace(one, url=url), pool_size=2) as pool:
        await pool.check_writable()


async def test_the_time_outs_of_a_session_are_ours(postgres_address: PostgresAddress) -> None:
    with (
        database_setting(postgres_address, "statement_timeout", "0"),
        database_setting(postgres_address, "lock_timeout", "0"),
    ):
        async with Postgres.open(postgres_address, pool_size=2) as pool:
            rows = await pool.run(
                "SELECT current_setting('statement_timeout') AS statement,"
                " current_setting('lock_timeout') AS lock",
                {},
            )
    assert rows == [{"statement": "9s", "lock": "5s"}]


async def test_a_user_without_the_right_to_write_is_no_writable_database(
    postgres_address: PostgresAddress,
) -> None:
    with connect(postgres_address) as connection:
        connection.execute("REVOKE INSERT ON jobs FROM CURRENT_USER")
        try:
            async with Postgres.open(postgres_address, pool_size=2) as pool:
                with pytest.raises(DatabaseUnavailable, match="permission denied for table jobs"):
                    await pool.check_writable()
        finally:
            connection.execute("GRANT INSERT ON jobs TO CURRENT_USER")
