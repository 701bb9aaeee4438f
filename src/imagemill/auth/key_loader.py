"""Batched lookups of API keys: concurrent requests share a few SQL statements.

Requests that arrive while a statement runs are collected, and the next statement looks up the keys
of all of them. So a thousand clients that connect at once, as after a restart, cost a few
statements and leave the pool's connections to uploads. Nothing is cached: the answer to a request
was read after the request arrived.
"""

import asyncio
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final

from imagemill.auth.api_key import KeyLookup
from imagemill.auth.api_keys import ApiKeys
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import DatabaseUnavailable

# If one statement hangs on a dead connection, the others still answer.
MAX_CONCURRENT_STATEMENTS: Final = 3
LOOKUP_TIMEOUT_SECONDS: Final = 15.0

PendingLookup = asyncio.Future[KeyLookup]


@dataclass(slots=True)
class ApiKeyLoader:
    """Looks up keys for concurrent requests."""

    keys: ApiKeys
    _pending: dict[PendingLookup, KeyId | None] = field(default_factory=dict)
    _workers: set[asyncio.Task[None]] = field(default_factory=set)
    _free_workers: int = MAX_CONCURRENT_STATEMENTS

    async def look_up(self, key_id: KeyId | None) -> KeyLookup:
        """Return what the table has for the key, or for no key. Raises DatabaseUnavailable."""
        lookup: PendingLookup = asyncio.get_running_loop().create_future()
        self._pending[lookup] = key_id
        if self._free_workers:
            self._free_workers -= 1
            # In a new context: its log lines do not belong to the request that started it.
            worker = asyncio.create_task(self._load_pending(), context=Context())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_SECONDS):
                return await lookup
        except TimeoutError as error:
            raise DatabaseUnavailable("PostgreSQL did not answer in time: key lookup.") from error
        finally:
            self._pending.pop(lookup, None)

    async def _load_pending(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending, {}
                await self._load(batch)
        finally:  # without an await since the check, so that no lookup is left without a worker
            self._free_workers += 1

    async def _load(self, batch: Mapping[PendingLookup, KeyId | None]) -> None:
        try:
            found = await self.keys.look_up({key_id for key_id in batch.values() if key_id})
        except Exception as error:  # noqa: BLE001 - raised in each request of the batch
            for lookup in batch:
                if not lookup.done():
                    lookup.set_exception(error)
            return
        for lookup, key_id in batch.items():
            if not lookup.done():
                lookup.set_result(found[key_id])
