"""The table of API keys. Rows are never deleted: see migrations/0001_schema.sql."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC

from psycopg.rows import DictRow

from imagemill.auth.api_key import ApiKey, KeyLookup, KnownKey, as_key_id
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import Postgres

COLUMNS = "id, name, secret_sha256, is_admin, created_at, revoked_at"

# One statement says both, so that no request sees the moment between a first key and its own.
LOOK_UP = f"""
    SELECT EXISTS (SELECT FROM api_keys) AS any_exists, {COLUMNS}
      FROM (SELECT) AS asked LEFT JOIN api_keys ON id = ANY(%(ids)s)
"""

# Sent twice, since the outcome of the first try was unknown, it finds its own row.
ADD = """
    WITH added AS (
        INSERT INTO api_keys (id, name, secret_sha256, is_admin)
        VALUES (%(id)s, %(name)s, %(secret_sha256)s, %(is_admin)s)
        ON CONFLICT DO NOTHING
        RETURNING id)
    SELECT id FROM added UNION SELECT id FROM api_keys WHERE id = %(id)s
"""

ALL = f"SELECT {COLUMNS} FROM api_keys ORDER BY id"

REVOKE = f"""
    UPDATE api_keys SET revoked_at = now()
     WHERE revoked_at IS NULL AND (id = %(id)s::uuid OR name = %(name)s)
    RETURNING {COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The keys. Every method raises DatabaseUnavailable when PostgreSQL is away."""

    postgres: Postgres

    async def look_up(self, ids: Collection[KeyId]) -> Mapping[KeyId | None, KeyLookup]:
        """Return what the table says of each of these keys and, under None, of no key."""
        rows = await self.postgres.run(LOOK_UP, {"ids": list(ids)})
        any_exists = rows[0]["any_exists"]
        known = {row["id"]: _to_key(row) for row in rows if row["id"]}
        return {each: KeyLookup(any_exists, known.get(each)) for each in (None, *ids)}

    async def add(self, key: ApiKey, name: str, *, is_admin: bool) -> bool:
        """Keep what recognises the key. Return False when one in force has the name already."""
        added = await self.postgres.run(
            ADD,
            {"id": key.id, "name": name, "secret_sha256": key.sha256, "is_admin": is_admin},
        )
        return bool(added)

    async def all(self) -> tuple[KnownKey, ...]:
        """Return every key, also the revoked ones, oldest first."""
        return tuple(map(_to_key, await self.postgres.run(ALL, {})))

    async def revoke(self, name_or_id: str) -> KnownKey | None:
        """Let the key be refused from now on. Return it; None when no such key is in force."""
        which = {"id": as_key_id(name_or_id), "name": name_or_id}
        revoked = await self.postgres.run(REVOKE, which)
        return _to_key(revoked[0]) if revoked else None


def _to_key(row: DictRow) -> KnownKey:
    revoked_at = row["revoked_at"]
    return KnownKey(
        id=KeyId(row["id"]),
        name=row["name"],
        secret_sha256=bytes(row["secret_sha256"]),
        is_admin=row["is_admin"],
        created_at=row["created_at"].astimezone(UTC),
        revoked_at=revoked_at.astimezone(UTC) if revoked_at else None,
    )
