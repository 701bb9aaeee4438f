"""As root, servers run as `nobody`, and the permissions of folders are not changed."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from imagemill.embedded.postgres import Postgres
from imagemill.embedded.valkey import Valkey

from .up_process import SCRIPT, UpProcess, stop_at_end

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change its user")

READ_SEARCH = 1 << 2


@pytest.fixture(params=["/root", tempfile.gettempdir()])
def closed(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder inside one that is closed to others."""
    folder = Path(tempfile.mkdtemp(dir=request.param))
    (folder / "project").mkdir(mode=0o755)
    yield folder / "project"
    shutil.rmtree(folder)


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder that belongs to the user `nobody`."""
    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    yield folder
    shutil.rmtree(folder)


def capabilities(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return {line[:6]: int(line.split()[1], 16) for line in lines if line.startswith("Cap")}


def modes_above(folder: Path) -> list[int]:
    return [each.stat().st_mode for each in folder.parents]


async def test_servers_run_as_nobody_also_in_a_closed_folder(closed: Path) -> None:
    before = modes_above(closed)
    async with Postgres.run(closed / "pg") as postgres, Valkey.run(closed / "vk") as valkey:
        with psycopg.connect(postgres.uri) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        for server in (postgres, valkey):
            assert psutil.Process(server.pid).username() == "nobody"
            assert psutil.Process(server.pid).gids().effective == pwd.getpwnam("nobody").pw_gid
    assert modes_above(closed) == before


async def test_the_data_folder_belongs_to_nobody_and_is_closed(closed: Path) -> None:
    async with Postgres.run(closed / "pg"):
        data = (closed / "pg" / "data").stat()
    assert (data.st_mode & 0o777, pwd.getpwuid(data.st_uid).pw_name) == (0o700, "nobody")
    for file in ("password", "port", "postgres.log"):
        assert (closed / "pg" / file).stat().st_mode & 0o077 == 0


async def test_servers_keep_one_capability_and_no_other(closed: Path) -> None:
    async with Postgres.run(closed / "pg") as postgres, Valkey.run(closed / "vk") as valkey:
        for server in (postgres, valkey):
            got = capabilities(server.pid)
            assert (got["CapEff"], got["CapPrm"], got["CapAmb"]) == (READ_SEARCH,) * 3
            status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
            assert "NoNewPrivs:\t1" in status
            assert "Groups:\t \n" in status


def test_without_that_capability_a_closed_folder_is_reported(closed: Path) -> None:
    command = (sys.executable, str(SCRIPT), str(closed / "data"), "1024", str(closed / "journal"))
    ended = subprocess.run(
        ["/usr/bin/setpriv", "--bounding-set=-dac_read_search", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    fresh = closed / "data/postgres/data.new"
    assert f"the user nobody cannot enter {fresh} (Permission denied): make it" in ended.stderr


def test_an_unprivileged_user_runs_everything_as_that_user(folder_of_nobody: Path) -> None:
    journal = folder_of_nobody / "journal"
    with stop_at_end(UpProcess(folder_of_nobody, user="nobody")) as stack:
        stack.until_ready()
        users = {child.username() for child in stack.children()}
        assert users == {"nobody"}
        assert stack.stop() == 0
    assert "worker stopped before its servers" in journal.read_text(encoding="utf-8")


async def test_root_runs_servers_as_the_owner_of_the_data_folder(folder_of_nobody: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    async with Postgres.run(folder_of_nobody / "pg"):
        pass
    for path in (folder_of_nobody / "pg" / "data").rglob("*"):
        os.chown(path, daemon.pw_uid, daemon.pw_gid)
    os.chown(folder_of_nobody / "pg" / "data", daemon.pw_uid, daemon.pw_gid)
    async with Postgres.run(folder_of_nobody / "pg") as postgres:
        assert psutil.Process(postgres.pid).username() == "daemon"
