"""What links are signed with: one secret for all gateways, read once by each."""

from typing import Final

from imagemill.postgres.pool import Postgres
from imagemill.postgres.shared_secrets import load_shared_secret

NAME: Final = "links"


class LinkSecret:
    """The secret in PostgreSQL, asked for when it is first needed: at start it may be away."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._read: bytes | None = None

    async def value(self) -> bytes:
        """Return the secret. Raises DatabaseUnavailable."""
        if self._read is None:
            self._read = await load_shared_secret(self._postgres, NAME)
        return self._read
