"""Batched lookups of API keys: concurrent requests share a few SQL statements.

A thousand clients that connect at once, as after a restart, cost a few statements and leave the
pool's connections to uploads. Nothing is cached: the answer to a request was read after the request
arrived.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from imagemill.auth.api_key import KeyLookup
from imagemill.auth.api_keys import ApiKeys
from imagemill.batcher import Batcher
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import DatabaseUnavailable

# If one statement hangs on a dead connection, the others still answer.
MAX_CONCURRENT_STATEMENTS: Final = 3
PATIENCE_SECONDS: Final = 0.05
LOOKUP_TIMEOUT_SECONDS: Final = 15.0
MAX_KEYS: Final = 1000


class ApiKeyLoader:
    """Looks up keys for concurrent requests."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys
        self._batcher: Batcher[KeyId | None, KeyLookup] = Batcher(
            self._load,
            max_size=MAX_KEYS,
            max_batches=MAX_CONCURRENT_STATEMENTS,
            patience=PATIENCE_SECONDS,
        )

    async def look_up(self, key_id: KeyId | None) -> KeyLookup:
        """Return what the table has for the key, or for no key. Raises DatabaseUnavailable."""
        try:
            return await self._batcher.submit(key_id)
        except TimeoutError as error:
            raise DatabaseUnavailable("PostgreSQL did not answer in time: key lookup.") from error

    async def _load(self, key_ids: Sequence[KeyId | None]) -> list[KeyLookup]:
        async with asyncio.timeout(LOOKUP_TIMEOUT_SECONDS):
            found = await self._keys.look_up({key_id for key_id in key_ids if key_id})
        return [found[key_id] for key_id in key_ids]
