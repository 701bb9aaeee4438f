"""The PostgreSQL and the storage of a data folder, for commands that must not need the services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from imagemill.embedded.connection_info import read_connection_settings
from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.folders import lock_folder
from imagemill.embedded.postgres import Postgres
from imagemill.embedded.stack import storage_folder


@asynccontextmanager
async def run_alone(data: Path) -> AsyncIterator[dict[str, object]]:
    """Run the PostgreSQL of the data folder, created if missing, and yield the settings for it.

    Raises EmbeddedError while an `imagemill up` uses the folder.
    """
    with lock_folder(data) as folder:
        storage_folder(folder).mkdir(mode=0o700, exist_ok=True)
        async with Postgres.run(folder / "postgres") as postgres:
            yield {
                "pg_host": postgres.host,
                "pg_port": postgres.port,
                "pg_user": postgres.user,
                "pg_password": SecretStr(postgres.password),
                "pg_dbname": postgres.dbname,
                "database_url": SecretStr(""),
                "storage_url": storage_folder(folder).as_uri(),
            }


@asynccontextmanager
async def use_beside_services(data: Path) -> AsyncIterator[dict[str, object]]:
    """Yield the settings for the PostgreSQL of the data folder, which is run if it does not yet.

    Raises EmbeddedError when it is no data folder of an `imagemill up`.
    """
    if not (data / "postgres" / "data").is_dir():
        raise EmbeddedError(f"{data} is not a data folder of `imagemill up`.")
    if _is_in_use(data):
        yield read_connection_settings(data)
        return
    async with run_alone(data) as settings:
        yield settings


def _is_in_use(data: Path) -> bool:
    try:
        with lock_folder(data):
            return False
    except EmbeddedError:
        return True
