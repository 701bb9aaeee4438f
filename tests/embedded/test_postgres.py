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

from .mill import Up, started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    async with Postgres.run(tmp_path_factory.mktemp("postgres")) as postgres:
        yield postgres


def ask(postgres: Postgres, question: str) -> object:
    with psycopg.connect(postgres.uri, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def remember_seven(postgres: Postgres) -> None:
    with psycopg.connect(postgres.uri) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")


def test_it_lets_us_in_with_the_password(shared: Postgres) -> None:
    assert ask(shared, "SELECT current_user || '@' || current_database()") == "imagemill@imagemill"


def test_it_lets_nobody_in_with_another_password(shared: Postgres) -> None:
    uri = shared.uri.replace(shared.password, "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(uri)


def test_it_lets_nobody_in_as_superuser(shared: Postgres) -> None:
    uri = shared.uri.replace("//imagemill:", "//postgres:")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(uri)


def test_its_user_cannot_read_the_files_of_the_machine(shared: Postgres) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(shared, "SELECT pg_read_file('/etc/passwd')")


def test_it_listens_on_this_machine_alone(shared: Postgres) -> None:
    listening = [
        connection.laddr
        for connection in psutil.Process(shared.pid).net_connections(kind="all")
        if connection.status in {psutil.CONN_LISTEN, psutil.CONN_NONE}
    ]
    assert listening == [("127.0.0.1", shared.port)]


def test_it_keeps_what_it_is_told_on_disk(shared: Postgres) -> None:
    assert ask(shared, "SELECT current_setting('fsync')") == "on"
    assert ask(shared, "SELECT current_setting('data_checksums')") == "on"


def test_its_password_is_for_our_eyes_only(shared: Postgres) -> None:
    password = shared.server._log.path.with_name("password")
    assert password.stat().st_mode & 0o777 == 0o600
    assert shared.password not in Path(f"/proc/{shared.pid}/cmdline").read_text(encoding="utf-8")


async def test_settings_of_the_users_own_do_not_reach_it(
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
        remember_seven(first)
    async with Postgres.run(tmp_path) as second:
        assert ask(second, "SELECT answer FROM kept") == 7
    assert second.uri == first.uri


async def test_a_killed_server_comes_back_on_its_port_with_all_that_was_committed(
    tmp_path: Path,
) -> None:
    async with Postgres.run(tmp_path) as postgres:
        remember_seven(postgres)
        before = postgres.uri
        await postgres.server.kill()
        await postgres.server.start()
        assert postgres.uri == before
        assert ask(postgres, "SELECT answer FROM kept") == 7


async def test_a_statement_that_outlives_a_killed_server_does_not_block_the_next(
    tmp_path: Path,
) -> None:
    async with Postgres.run(tmp_path) as postgres:
        async with await psycopg.AsyncConnection.connect(postgres.uri) as connection:
            backend = psutil.Process(connection.info.backend_pid)
            busy = asyncio.create_task(
                connection.execute("SELECT sum(n) FROM generate_series(1, 1e12::bigint) n")
            )
            await asyncio.to_thread(busy_for_a_moment, backend)
            await postgres.server.kill()
            assert backend.is_running()
            await postgres.server.start()
            assert not backend.is_running()
            with pytest.raises(psycopg.OperationalError):
                await busy
        assert ask(postgres, "SELECT 1") == 1


def busy_for_a_moment(process: psutil.Process) -> None:
    begun = process.cpu_times().user
    while process.cpu_times().user <= begun:
        process.cpu_percent(interval=0.01)


@pytest.fixture
def namesake(tmp_path: Path) -> Iterator[int]:
    """A living process of the server's account that is no PostgreSQL."""
    account = pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")
    process = subprocess.Popen(["/bin/sleep", "600"], user=account.pw_uid, cwd=tmp_path.anchor)
    yield process.pid
    process.kill()
    process.wait()


async def test_a_process_that_took_over_a_dead_servers_id_does_not_block_the_next(
    tmp_path: Path, namesake: int
) -> None:
    async with Postgres.run(tmp_path) as postgres:
        await postgres.server.kill()
        mark = tmp_path / "data" / "postmaster.pid"
        _, rest = mark.read_text(encoding="utf-8").split("\n", 1)
        mark.write_text(f"{namesake}\n{rest}", encoding="utf-8")
        await postgres.server.start()
        assert ask(postgres, "SELECT 1") == 1
    assert psutil.pid_exists(namesake)


async def test_a_start_that_was_cut_off_while_making_the_data_folder_is_made_good(
    tmp_path: Path,
) -> None:
    with started(Up(tmp_path)) as mill:
        fresh = mill.data / "postgres" / "data.new"
        while not (fresh / "PG_VERSION").exists():
            assert mill.process.poll() is None
        children = mill.children()
        mill.process.kill()
        mill.process.wait()
        assert psutil.wait_procs(children, timeout=30)[1] == []
    assert not fresh.with_name("data").exists()
    async with Postgres.run(mill.data / "postgres") as postgres:
        assert ask(postgres, "SELECT 1") == 1
    assert not fresh.exists()


async def test_two_run_side_by_side(tmp_path: Path) -> None:
    async with Postgres.run(tmp_path / "a") as one, Postgres.run(tmp_path / "b") as other:
        assert ask(one, "SELECT 1") == ask(other, "SELECT 1") == 1
        assert one.port != other.port


async def test_a_second_one_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with Postgres.run(tmp_path) as postgres:
        with pytest.raises(EmbeddedError, match=r"Another imagemill runs on the folder .*: stop"):
            await Postgres.run(tmp_path).__aenter__()
        assert ask(postgres, "SELECT 1") == 1


async def test_a_lost_password_is_named(tmp_path: Path) -> None:
    async with Postgres.run(tmp_path):
        pass
    (tmp_path / "password").unlink()
    with pytest.raises(EmbeddedError, match="password is gone"):
        await Postgres.run(tmp_path).__aenter__()


async def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    async with Postgres.run(tmp_path):
        pass
    (tmp_path / "data" / "PG_VERSION").write_text("12\n", encoding="utf-8")
    with pytest.raises(EmbeddedError, match="database files are incompatible"):
        await Postgres.run(tmp_path).__aenter__()


async def test_a_large_log_is_begun_anew(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_bytes(b"x" * (5 * 1024 * 1024))
    async with Postgres.run(tmp_path):
        assert b"x" * 100 not in log.read_bytes()
