"""Secrets that all gateways and workers must know alike, and that no operator needs to choose."""

from secrets import token_bytes
from typing import Final

from imagemill.jobs.postgres import Postgres

SECRET_BYTES: Final = 32

KEEP = """
    INSERT INTO secrets (name, value) VALUES (%(name)s, %(value)s) ON CONFLICT (name) DO NOTHING
"""

READ = "SELECT value FROM secrets WHERE name = %(name)s"


async def kept_secret(postgres: Postgres, name: str) -> bytes:
    """Return the 32 random bytes of this name; whoever asks first draws them for all.

    Raises LedgerUnavailable when PostgreSQL is away.
    """
    await postgres.run(KEEP, {"name": name, "value": token_bytes(SECRET_BYTES)})
    (row,) = await postgres.run(READ, {"name": name})
    return bytes(row["value"])
