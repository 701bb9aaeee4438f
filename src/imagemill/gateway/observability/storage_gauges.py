"""Gauges of the storage for GET /metrics. A storage that hangs holds up no scrape."""

import asyncio
from dataclasses import dataclass
from typing import Final

from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.protocol import Storage
from imagemill.telemetry.gauges import storage_gauges
from imagemill.telemetry.metrics import Metrics

TIMEOUT_SECONDS: Final = 2.0


@dataclass(slots=True)
class StorageGauges:
    """Measures the storage, once at a time."""

    storage: Storage
    _measuring: asyncio.Task[int | None] | None = None

    async def read(self) -> Metrics:
        """Return the gauges; none if the storage is unavailable or slow."""
        if self._measuring is None or self._measuring.done():
            self._measuring = asyncio.create_task(self._measure())
        done, _ = await asyncio.wait({self._measuring}, timeout=TIMEOUT_SECONDS)
        return storage_gauges(self._measuring.result() if done else None)

    async def _measure(self) -> int | None:
        try:
            return await self.storage.free_bytes()
        except StorageUnavailable:
            return None
