"""A data folder of PostgreSQL with the schema, made once for all test processes of a run."""

import asyncio
import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imagemill.embedded.postgres import Postgres
from imagemill.postgres.migrate import migrate
from imagemill.settings.addresses import PostgresAddress


async def make_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder; the first test process that asks for it makes it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "postgres-template"
    with _lock(folder.with_suffix(".lock")):
        if not folder.exists():
            making = folder.with_suffix(".new")
            async with Postgres.run(making) as server:
                await asyncio.to_thread(migrate, address_of(server))
            making.rename(folder)
    return folder


def copy_template(template: Path, home: Path) -> None:
    """Make the home of a PostgreSQL from the template, as if it had run there before."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", template / "data", template / "password", home], check=True)  # noqa: S607 - it keeps owners


def address_of(server: Postgres) -> PostgresAddress:
    return PostgresAddress(server.host, server.port, server.user, server.password, server.dbname)


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    with file.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
