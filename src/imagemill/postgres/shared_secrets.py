"""Secrets that all gateways and workers must know alike and no operator needs to choose.

Made by whoever needs one first, and kept in the table `secrets`.
"""

import secrets
from typing import Final

from imagemill.postgres.pool import Postgres

SECRET_BYTES: Final = 32

MAKE = "INSERT INTO secrets (name, value) VALUES (%(name)s, %(value)s) ON CONFLICT DO NOTHING"

READ = "SELECT value FROM secrets WHERE name = %(name)s"


async def shared_secret(postgres: Postgres, name: str) -> bytes:
    """Return the secret of this name, 32 random bytes. Raises DatabaseUnavailable."""
    rows = await postgres.run(READ, {"name": name})
    if not rows:
        await postgres.run(MAKE, {"name": name, "value": secrets.token_bytes(SECRET_BYTES)})
        rows = await postgres.run(READ, {"name": name})
    return bytes(rows[0]["value"])
