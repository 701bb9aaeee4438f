"""Migration of the schema to the version that this code needs.

Most starts find that version in place. So it is read first, and Alembic is loaded only when there
is a migration to apply: that takes almost half the time that a service needs to start. It is loaded
in a process of its own, since it would take a fifth of the service's memory as long as that runs.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from typing import Final

import psycopg

from imagemill.errors import ServiceError
from imagemill.postgres.pool import DatabaseUnavailable, SchemaTooNew, conninfo
from imagemill.settings.addresses import PostgresAddress

SCHEMA_VERSION: Final = "SELECT version_num FROM alembic_version"
# How the process that migrates says which error it had.
STATUS_OF: Final[Mapping[type[ServiceError], int]] = {DatabaseUnavailable: 3, SchemaTooNew: 4}


def migrate(address: PostgresAddress) -> None:
    """Apply the missing migrations. Services that start at once may call it concurrently.

    Raises DatabaseUnavailable, and SchemaTooNew when the schema is of a later version.
    """
    if _read_version(address) != newest_version():
        _upgrade(address)


def newest_version() -> str:
    """Return the number of the newest migration of this code."""
    files = resources.files("imagemill.postgres.migrations").iterdir()
    return max(file.name[:4] for file in files if file.name.endswith(".sql"))


def _upgrade(address: PostgresAddress) -> None:
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "imagemill.postgres.migrations"],
        input=json.dumps(asdict(address)),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    for error, status in STATUS_OF.items():
        if finished.returncode == status:
            raise error(finished.stdout)
    finished.check_returncode()  # a bug, whose traceback is in the log


def _read_version(address: PostgresAddress) -> str | None:
    """Return the number of the last migration that was applied; None for an empty database."""
    try:
        with psycopg.connect(conninfo(address)) as connection:
            row = connection.execute(SCHEMA_VERSION).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"PostgreSQL at {address} is unavailable: {error}") from error
    return None if row is None else str(row[0])
