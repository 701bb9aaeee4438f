"""The secret that signs links: one for all gateways, in PostgreSQL."""

from typing import Final

from imagemill.postgres.pool import Postgres
from imagemill.postgres.shared_secrets import load_shared_secret

NAME: Final = "links"


class LinkSecret:
    """The secret, read when it is first needed, since PostgreSQL may be down at start."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._secret: bytes | None = None

    async def read(self) -> bytes:
        """Return the secret. Raises DatabaseUnavailable."""
        if self._secret is None:
            self._secret = await load_shared_secret(self._postgres, NAME)
        return self._secret
