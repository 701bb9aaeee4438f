"""The schema's version and the server's settings, as the doctor shows them."""

import psycopg

from imagemill.postgres.migrate import SCHEMA_VERSION
from imagemill.postgres.pool import Postgres

SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY(%(names)s)"


async def read_schema_version(postgres: Postgres) -> str | None:
    """Return the number of the last migration; None for an empty database.

    Raises DatabaseUnavailable.
    """
    try:
        rows = await postgres.run(SCHEMA_VERSION, {})
    except psycopg.errors.UndefinedTable:
        return None
    return str(rows[0]["version_num"]) if rows else None


async def read_settings(postgres: Postgres, *names: str) -> dict[str, str]:
    """Return the values of the server's settings of these names, as far as it has them.

    Raises DatabaseUnavailable.
    """
    rows = await postgres.run(SETTINGS, {"names": list(names)})
    return {row["name"]: row["setting"] for row in rows}
