import asyncio
import os
import pwd
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import pytest_asyncio

from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.postgres import Postgres

from .up_process import UpProcess, stop_at_end


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    async with Postgres.run(tmp_path_factory.mktemp("postgres")) as postgres:
        yield postgres


def query(postgres: Postgres, question: str) -> object:
    with psycopg.connect(postgres.uri, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def insert_seven(postgres: Postgres) -> None:
    with psycopg.connect(postgres.uri) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")


def test_it_accepts_the_password(shared: Postgres) -> None:
    assert (
        query(shared, "SELECT current_user || '@' || current_database()") == "imagemill@imagemill"
    )


def test_it_rejects_another_password(shared: Postgres) -> None:
    uri = shared.uri.replace(shared.password, "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(uri)


def test_nobody_can_log_in_as_superuser(shared: Postgres) -> None:
    uri = shared.uri.replace("//imagemill:", "//postgres:")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(uri)


def test_its_user_cannot_read_the_files_of_the_machine(shared: Postgres) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        query(shared, "SELECT pg_read_file('/etc/passwd')")


def test_it_listens_on_this_machine_only(shared: Postgres) -> None:
    listening = [
        connection.laddr
        for connection in psutil.Process(shared.pid).net_connections(kind="all")
        if connection.status in {psutil.CONN_LISTEN, psutil.CONN_NONE}
    ]
    assert listening == [("127.0.0.1", shared.port)]


def test_its_commits_are_durable(shared: Postgres) -> None:
    assert query(shared, "SELECT current_setting('fsync')") == "on"
    assert query(shared, "SELECT current_setting('data_checksums')") == "on"


def test_its_password_is_readable_by_its_user_only(shared: Postgres) -> None:
    password = shared.server._log.path.with_name("password")
    assert password.stat().st_mode & 0o777 == 0o600
    assert shared.password not in Path(f"/proc/{shared.pid}/cmdline").read_text(encoding="utf-8")


async def test_the_users_own_settings_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c nonsense=1")
    monkeypatch.setenv("PGSSLMODE", "require")
    monkeypatch.setenv("PGDATA", str(tmp_path / "elsewhere"))
    async with Postgres.run(tmp_path / "here") as postgres:
        assert postgres.pid
    assert not (tmp_path / "elsewhere").exists()


async def test_data_address_and_password_stay_the_same_over_runs(tmp_path: Path) -> None:
    async with Postgres.run(tmp_path) as first:
        insert_seven(first)
    async with Postgres.run(tmp_path) as second:
        assert query(second, "SELECT answer FROM kept") == 7
    assert second.uri == first.uri


async def test_a_killed_server_restarts_on_its_port_with_all_commits(
    postgres_folder: Path,
) -> None:
    async with Postgres.run(postgres_folder) as postgres:
        insert_seven(postgres)
        before = postgres.uri
        await postgres.server.kill()
        await postgres.server.start()
        assert postgres.uri == before
        assert query(postgres, "SELECT answer FROM kept") == 7


async def test_a_backend_that_outlives_a_killed_server_does_not_block_the_next(
    postgres_folder: Path,
) -> None:
    async with Postgres.run(postgres_folder) as postgres:
        async with await psycopg.AsyncConnection.connect(postgres.uri) as connection:
            backend = psutil.Process(connection.info.backend_pid)
            busy = asyncio.create_task(
                connection.execute("SELECT sum(n) FROM generate_series(1, 1e12::bigint) n")
            )
            await asyncio.to_thread(wait_until_busy, backend)
            await postgres.server.kill()
            assert backend.is_running()
            await postgres.server.start()
            assert not backend.is_running()
            with pytest.raises(psycopg.OperationalError):
                await busy
        assert query(postgres, "SELECT 1") == 1


def wait_until_busy(process: psutil.Process) -> None:
    begun = process.cpu_times().user
    while process.cpu_times().user <= begun:
        process.cpu_percent(interval=0.01)


@pytest.fixture
def unrelated_process(tmp_path: Path) -> Iterator[int]:
    """A live process of the server's user that is not PostgreSQL."""
    user = pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")
    process = subprocess.Popen(["/bin/sleep", "600"], user=user.pw_uid, cwd=tmp_path.anchor)
    yield process.pid
    process.kill()
    process.wait()


async def test_a_process_with_a_dead_servers_id_does_not_block_the_next(
    postgres_folder: Path, unrelated_process: int
) -> None:
    async with Postgres.run(postgres_folder) as postgres:
        await postgres.server.kill()
        pid_file = postgres_folder / "data" / "postmaster.pid"
        _, rest = pid_file.read_text(encoding="utf-8").split("\n", 1)
        pid_file.write_text(f"{unrelated_process}\n{rest}", encoding="utf-8")
        await postgres.server.start()
        assert query(postgres, "SELECT 1") == 1
    assert psutil.pid_exists(unrelated_process)


async def test_an_interrupted_creation_of_the_data_folder_is_repeated(
    tmp_path: Path,
) -> None:
    with stop_at_end(UpProcess(tmp_path)) as stack:
        new_folder = stack.data / "postgres" / "data.new"
        while not (new_folder / "PG_VERSION").exists():
            assert stack.process.poll() is None
        children = stack.children()
        stack.process.kill()
        stack.process.wait()
        assert psutil.wait_procs(children, timeout=30)[1] == []
    assert not new_folder.with_name("data").exists()
    async with Postgres.run(stack.data / "postgres") as postgres:
        assert query(postgres, "SELECT 1") == 1
    assert not new_folder.exists()


async def test_two_run_side_by_side(tmp_path: Path) -> None:
    async with Postgres.run(tmp_path / "a") as one, Postgres.run(tmp_path / "b") as other:
        assert query(one, "SELECT 1") == query(other, "SELECT 1") == 1
        assert one.port != other.port


async def test_a_second_one_on_the_same_folder_is_rejected(postgres_folder: Path) -> None:
    async with Postgres.run(postgres_folder) as postgres:
        with pytest.raises(EmbeddedError, match=r"Another imagemill uses the folder .*: stop"):
            await Postgres.run(postgres_folder).__aenter__()
        assert query(postgres, "SELECT 1") == 1


async def test_a_missing_password_is_reported(postgres_folder: Path) -> None:
    (postgres_folder / "password").unlink()
    with pytest.raises(EmbeddedError, match="password is missing"):
        await Postgres.run(postgres_folder).__aenter__()


async def test_a_failed_start_is_reported_with_its_log(postgres_folder: Path) -> None:
    (postgres_folder / "data" / "PG_VERSION").write_text("12\n", encoding="utf-8")
    with pytest.raises(EmbeddedError, match="database files are incompatible"):
        await Postgres.run(postgres_folder).__aenter__()


async def test_a_large_log_is_truncated(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_bytes(b"x" * (5 * 1024 * 1024))
    async with Postgres.run(tmp_path):
        assert b"x" * 100 not in log.read_bytes()
