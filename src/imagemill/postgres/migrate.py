"""Brings the ledger's schema to the version that this code speaks.

Nearly always it has that version already. So that is asked first, and Alembic comes in only when
there is something to do: to load it takes almost half the time that a service needs to start.
"""

from importlib import resources

import psycopg

from imagemill.postgres.pool import DatabaseUnavailable, conninfo
from imagemill.settings.addresses import PostgresAddress

VERSION = "SELECT version_num FROM alembic_version"


def migrate(address: PostgresAddress) -> None:
    """Apply the migrations that are missing. Safe when several services start at once.

    Raises DatabaseUnavailable when PostgreSQL does not answer, SchemaTooNew when the schema is
    ahead of this code.
    """
    if _version(address) != newest_version():
        from imagemill.postgres.migrations.upgrade import upgrade  # noqa: PLC0415 - see above

        upgrade(address)


def newest_version() -> str:
    """Return the number of the last migration that this code knows."""
    files = resources.files("imagemill.postgres.migrations").iterdir()
    return max(file.name[:4] for file in files if file.name.endswith(".sql"))


def _version(address: PostgresAddress) -> str | None:
    """Return the number of the last migration that was applied; None when none ever was."""
    try:
        with psycopg.connect(conninfo(address)) as connection:
            row = connection.execute(VERSION).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"PostgreSQL at {address} is away: {error}") from error
    return None if row is None else str(row[0])
