"""The table `api_keys`. Rows are never deleted: see migrations/0001_schema.sql."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC

from psycopg.rows import DictRow

from imagemill.auth.api_key import ApiKey, KeyLookup, StoredKey, parse_key_id
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import Postgres

COLUMNS = "id, name, secret_sha256, is_admin, is_metrics_only, created_at, revoked_at"

# One statement for both, so that no request reads between the first key and its own.
LOOK_UP = f"""
    SELECT EXISTS (SELECT FROM api_keys) AS any_exists, {COLUMNS}
      FROM (SELECT) AS one LEFT JOIN api_keys ON id = ANY(%(ids)s)
"""

# Repeated after an unknown outcome, it finds the row of the first try.
ADD = """
    WITH added AS (
        INSERT INTO api_keys (id, name, secret_sha256, is_admin, is_metrics_only)
        VALUES (%(id)s, %(name)s, %(secret_sha256)s, %(is_admin)s, %(is_metrics_only)s)
        ON CONFLICT DO NOTHING
        RETURNING id)
    SELECT id FROM added UNION SELECT id FROM api_keys WHERE id = %(id)s
"""

LIST = f"SELECT {COLUMNS} FROM api_keys ORDER BY id"

REVOKE = f"""
    UPDATE api_keys SET revoked_at = now()
     WHERE revoked_at IS NULL AND (id = %(id)s::uuid OR name = %(name)s)
    RETURNING {COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Reads and writes API keys. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def look_up(self, ids: Collection[KeyId]) -> Mapping[KeyId | None, KeyLookup]:
        """Return a lookup for each id and, under None, one for a request without a key."""
        rows = await self.postgres.run(LOOK_UP, {"ids": list(ids)})
        any_exists = rows[0]["any_exists"]
        known = {row["id"]: _to_key(row) for row in rows if row["id"]}
        return {key_id: KeyLookup(any_exists, known.get(key_id)) for key_id in (None, *ids)}

    async def add(
        self, key: ApiKey, name: str, *, is_admin: bool, is_metrics_only: bool = False
    ) -> bool:
        """Store the key's digest. Return False if an unrevoked key has the name already."""
        added = await self.postgres.run(
            ADD,
            {
                "id": key.id,
                "name": name,
                "secret_sha256": key.sha256,
                "is_admin": is_admin,
                "is_metrics_only": is_metrics_only,
            },
        )
        return bool(added)

    async def list(self) -> tuple[StoredKey, ...]:
        """Return every key, including revoked ones, oldest first."""
        return tuple(map(_to_key, await self.postgres.run(LIST, {})))

    async def revoke(self, name_or_id: str) -> StoredKey | None:
        """Revoke the key and return it; None if there is no such unrevoked key."""
        parameters = {"id": parse_key_id(name_or_id), "name": name_or_id}
        revoked = await self.postgres.run(REVOKE, parameters)
        return _to_key(revoked[0]) if revoked else None


def _to_key(row: DictRow) -> StoredKey:
    revoked_at = row["revoked_at"]
    return StoredKey(
        id=KeyId(row["id"]),
        name=row["name"],
        secret_sha256=bytes(row["secret_sha256"]),
        is_admin=row["is_admin"],
        created_at=row["created_at"].astimezone(UTC),
        revoked_at=revoked_at.astimezone(UTC) if revoked_at else None,
        is_metrics_only=row["is_metrics_only"],
    )
