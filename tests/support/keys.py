"""API keys as `imagemill keys add` makes them, without its process."""

import secrets
from dataclasses import dataclass

from uuid_utils.compat import uuid7

from imagemill.auth.api_key import ApiKey
from imagemill.jobs.job import KeyId
from imagemill.settings.addresses import PostgresAddress
from support.servers import connect

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Keyring:
    """The API keys of one test."""

    address: PostgresAddress

    def add(self, name: str, *, is_admin: bool = False, is_metrics_only: bool = False) -> Headers:
        """Make a key and return the headers that show it."""
        key = ApiKey.generate(KeyId(uuid7()), secrets.choice)
        self._run(
            "INSERT INTO api_keys (id, name, secret_sha256, is_admin, is_metrics_only)"
            " VALUES (%s, %s, %s, %s, %s)",
            (key.id, name, key.sha256, is_admin, is_metrics_only),
        )
        return authorization(key)

    def revoke(self, name: str) -> None:
        self._run("UPDATE api_keys SET revoked_at = now() WHERE name = %s", (name,))

    def remove_all(self) -> None:
        """Remove the rows, which nothing in imagemill does, and the jobs with them."""
        self._run("TRUNCATE api_keys CASCADE")

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> None:
        with connect(self.address) as connection:
            connection.execute(statement.encode(), values)


def authorization(key: object) -> Headers:
    return {"Authorization": f"Bearer {key}"}
