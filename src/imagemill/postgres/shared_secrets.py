"""Random secrets shared by all gateways and workers, in the table `secrets`.

Each is created by the first process that reads it; no operator has to choose it.
"""

import secrets
from typing import Final

from imagemill.postgres.pool import Postgres

SECRET_BYTES: Final = 32

INSERT = "INSERT INTO secrets (name, value) VALUES (%(name)s, %(value)s) ON CONFLICT DO NOTHING"

SELECT = "SELECT value FROM secrets WHERE name = %(name)s"


async def load_shared_secret(postgres: Postgres, name: str) -> bytes:
    """Return the secret of this name, 32 bytes. Raises DatabaseUnavailable."""
    rows = await postgres.run(SELECT, {"name": name})
    if not rows:
        await postgres.run(INSERT, {"name": name, "value": secrets.token_bytes(SECRET_BYTES)})
        rows = await postgres.run(SELECT, {"name": name})
    return bytes(rows[0]["value"])
