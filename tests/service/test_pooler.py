"""The service behind pgbouncer in transaction mode, which gives every transaction any session."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from imagemill.postgres.connecting import describe_error
from imagemill.postgres.migrate import migrate, newest_version
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from support.client import client_of, wait_for_end
from support.pictures import picture
from support.pooler import NEEDS_PGBOUNCER, Pooler
from support.process import running, running_api, running_worker, wait_until
from support.servers import connect

pytestmark = NEEDS_PGBOUNCER

UPLOADS = 60
PHOTO = picture(64, 48)


@pytest.fixture
def pooler(postgres_address: PostgresAddress) -> Iterator[Pooler]:
    with Pooler.before(postgres_address) as pooler:
        yield pooler


def test_sixty_uploads_at_once_through_three_sessions_are_completed(
    pooler: Pooler, environment: dict[str, str], tmp_path: Path
) -> None:
    settings = environment | pooler.environment()
    with (
        running_api(settings, tmp_path / "api.log") as (_, url),
        running_worker(settings, tmp_path / "worker.log"),
        client_of(url, timeout=60) as client,
        ThreadPoolExecutor(UPLOADS) as pool,
    ):
        answers = list(pool.map(lambda _: upload(client), range(UPLOADS)))
        assert {answer.status_code for answer in answers} == {httpx.codes.ACCEPTED}
        jobs = [wait_for_end(client, answer.json()["id"]) for answer in answers]
        assert {job["status"] for job in jobs} == {"COMPLETED"}
        pooler.restart()
        assert wait_for_end(client, upload(client).json()["id"])["status"] == "COMPLETED"
        wait_until(lambda: client.get("/readyz").is_success, "the gateway is ready")


@pytest.mark.parametrize("way", ["TLS", "socket"])
def test_a_url_leads_through_tls_and_to_a_socket(
    pooler: Pooler, environment: dict[str, str], tmp_path: Path, way: str
) -> None:
    own = pooler.address
    address, query = {
        "TLS": (f"{own.host}:{own.port}", f"sslmode=verify-full&sslrootcert={pooler.certificate}"),
        "socket": ("", f"host={pooler.folder}&port={own.port}"),
    }[way]
    url = f"postgresql://{own.user}:{own.password}@{address}/{own.dbname}?{query}"
    settings = environment | {"DATABASE_URL": url, "PG_PREPARED_STATEMENTS": "false"}
    for name in ("PG_HOST", "PG_PORT", "PG_USER", "PG_PASSWORD", "PG_DBNAME"):
        del settings[name]
    with (
        running_api(settings, tmp_path / "api.log") as (service, url),
        running_worker(settings, tmp_path / "worker.log"),
        client_of(url, timeout=60) as client,
    ):
        assert wait_for_end(client, upload(client).json()["id"])["status"] == "COMPLETED"
        assert own.password not in service.logged()
    sessions = (pooler.folder / "pgbouncer.log").read_text()
    assert {"TLS": "tls=TLSv1", "socket": "unix"}[way] in sessions


def upload(client: httpx.Client) -> httpx.Response:
    return client.post("/upload", content=PHOTO, headers={"Content-Type": "image/jpeg"})


def test_migrations_run_through_it(postgres_address: PostgresAddress) -> None:
    with connect(postgres_address) as connection:
        connection.execute("CREATE DATABASE empty")
    try:
        empty = PostgresAddress(
            postgres_address.host,
            postgres_address.port,
            postgres_address.user,
            postgres_address.password,
            "empty",
        )
        with Pooler.before(empty) as pooler:
            migrate(pooler.address)
            with connect(pooler.address) as connection:
                found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            assert found == [(newest_version(),)]
    finally:
        with connect(postgres_address) as connection:
            connection.execute("DROP DATABASE empty WITH (FORCE)")


async def test_a_pooler_that_no_setting_names_is_told_once_and_no_statement_is_prepared(
    pooler: Pooler, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Postgres.open(pooler.address, pool_size=4) as pool:
        for number in range(12):  # psycopg prepares the sixth of a kind
            assert await pool.run("SELECT %(n)s::int AS n", {"n": number}) == [{"n": number}]
        assert await pool.run("SELECT name FROM pg_prepared_statements", {}) == []
    assert capsys.readouterr().out.count("PG_PREPARED_STATEMENTS=false") == 1


def test_a_statement_that_another_client_prepared_names_the_setting(
    postgres_address: PostgresAddress,
) -> None:
    with connect(postgres_address) as connection:
        connection.execute("PREPARE theirs AS SELECT 1")
        with pytest.raises(psycopg.errors.DuplicatePreparedStatement) as caught:
            connection.execute("PREPARE theirs AS SELECT 1")
        assert "PG_PREPARED_STATEMENTS=false" in describe_error(caught.value)
        with pytest.raises(psycopg.errors.InvalidSqlStatementName) as unknown:
            connection.execute("EXECUTE nobodys")
        assert "PG_PREPARED_STATEMENTS=false" in describe_error(unknown.value)


def test_a_wrong_password_at_the_pooler_is_said_to_be_wrong(
    pooler: Pooler, environment: dict[str, str], tmp_path: Path
) -> None:
    settings = environment | pooler.environment() | {"PG_PASSWORD": "wrong"}
    with running(["doctor"], settings, tmp_path / "doctor.log") as doctor:
        doctor.process.wait(60)
        assert "authentication failed" in doctor.logged()
        assert "Correct PG_USER and PG_PASSWORD" in doctor.logged()
