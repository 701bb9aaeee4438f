"""Migration of the schema to the version that this code needs.

Most starts find that version in place. So it is read first, and Alembic is imported only when there
is a migration to apply: the import takes almost half the time that a service needs to start.
"""

from importlib import resources
from typing import Final

import psycopg

from imagemill.postgres.pool import DatabaseUnavailable, conninfo
from imagemill.settings.addresses import PostgresAddress

SCHEMA_VERSION: Final = "SELECT version_num FROM alembic_version"


def migrate(address: PostgresAddress) -> None:
    """Apply the missing migrations. Services that start at once may call it concurrently.

    Raises DatabaseUnavailable, and SchemaTooNew when the schema is of a later version.
    """
    if _read_version(address) != newest_version():
        from imagemill.postgres.migrations.upgrade import upgrade  # noqa: PLC0415 - see above

        upgrade(address)


def newest_version() -> str:
    """Return the number of the newest migration of this code."""
    files = resources.files("imagemill.postgres.migrations").iterdir()
    return max(file.name[:4] for file in files if file.name.endswith(".sql"))


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
