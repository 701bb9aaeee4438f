"""The schema's version, the server's settings and its oldest snapshot, as the doctor shows them."""

from dataclasses import dataclass
from datetime import timedelta

import psycopg

from imagemill.postgres.migrate import SCHEMA_VERSION
from imagemill.postgres.pool import Postgres

SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY(%(names)s)"

# Of this database, and of the connections whose activity the user may see. A replica can hold one
# back too (hot_standby_feedback), as can a replication slot.
OLDEST_SNAPSHOT = """
    SELECT pid, application_name, now() - xact_start AS age
      FROM pg_stat_activity
     WHERE datname = current_database() AND backend_xmin IS NOT NULL AND xact_start IS NOT NULL
       AND backend_type = 'client backend' AND pid <> pg_backend_pid()
     ORDER BY xact_start LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that a transaction holds: rows that it may still see are kept, changed or not."""

    pid: int
    application: str
    age: timedelta


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


async def read_oldest_snapshot(postgres: Postgres) -> Snapshot | None:
    """Return the snapshot that has been held for longest. Raises DatabaseUnavailable."""
    rows = await postgres.run(OLDEST_SNAPSHOT, {})
    return Snapshot(rows[0]["pid"], rows[0]["application_name"], rows[0]["age"]) if rows else None
