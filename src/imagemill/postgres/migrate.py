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
import structlog

from imagemill.errors import ServiceError, SettingsError
from imagemill.postgres.connecting import conninfo, describe_error
from imagemill.postgres.pool import DatabaseUnavailable, SchemaTooNew
from imagemill.settings.addresses import PostgresAddress

log = structlog.get_logger()

SCHEMA_VERSION: Final = "SELECT version_num FROM alembic_version"
UNICODE: Final = "UTF8"
# How the process that migrates says which error it had.
STATUS_OF: Final[Mapping[type[ServiceError], int]] = {DatabaseUnavailable: 3, SchemaTooNew: 4}


def migrate(address: PostgresAddress, version: str | None = None) -> None:
    """Apply the missing migrations, up to a version or all. Services may call it concurrently.

    Each is logged with its name, such as `0002_workers`. Raises DatabaseUnavailable, SettingsError
    for a database that cannot hold every text, and SchemaTooNew when the schema is of a later
    version.
    """
    wanted = version or newest_version()
    if _read_version(address) != wanted:
        for name in _upgrade(address, wanted):
            log.info("postgres.migrated", migration=name)


def newest_version() -> str:
    """Return the number of the newest migration of this code."""
    files = resources.files("imagemill.postgres.migrations").iterdir()
    return max(file.name[:4] for file in files if file.name.endswith(".sql"))


def _upgrade(address: PostgresAddress, version: str) -> list[str]:
    """Return the names of the migrations that were applied."""
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "imagemill.postgres.migrations"],
        input=json.dumps({"address": asdict(address), "version": version}),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    for error, status in STATUS_OF.items():
        if finished.returncode == status:
            raise error(finished.stdout)
    finished.check_returncode()  # a bug, whose traceback is in the log
    return finished.stdout.split()


def _read_version(address: PostgresAddress) -> str | None:
    """Return the number of the last migration that was applied; None for an empty database."""
    try:
        with psycopg.connect(conninfo(address), prepare_threshold=None) as connection:
            _require_unicode(connection, address)
            row = connection.execute(SCHEMA_VERSION).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege) as error:
        reason = describe_error(error)
        raise DatabaseUnavailable(f"PostgreSQL at {address} is unavailable: {reason}") from error
    return None if row is None else str(row[0])


def _require_unicode(connection: psycopg.Connection, address: PostgresAddress) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in (None, UNICODE):
        raise SettingsError(
            f"The database {address} has the encoding {encoding}, and file names and metadata need"
            f" {UNICODE}: create it by CREATE DATABASE … ENCODING '{UNICODE}' TEMPLATE template0."
        )
