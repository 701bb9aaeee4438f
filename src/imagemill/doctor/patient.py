"""The mill that is examined: its settings, and its neighbours, opened as the services do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from imagemill.jobs.belongings import Inventory
from imagemill.jobs.condition import Condition
from imagemill.jobs.line import Line
from imagemill.jobs.postgres import Postgres
from imagemill.settings import Settings
from imagemill.storage.quarantine import Quarantine
from imagemill.storage.volume import Volume
from imagemill.worker.janitor import Janitor


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything that examinations ask. Any of the neighbours may be away."""

    settings: Settings
    postgres: Postgres
    line: Line
    storage: Volume

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator["Patient"]:
        # Not Volume.open, which would make the folders that an unmounted storage lacks.
        storage = Volume(settings.storage_root, settings.disk_reserve_bytes)
        async with (
            Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
            Line.open(settings.redis) as line,
        ):
            try:
                yield cls(settings, postgres, line, storage)
            finally:
                await storage.aclose()

    @property
    def condition(self) -> Condition:
        return Condition(self.postgres)

    @property
    def inventory(self) -> Inventory:
        return Inventory(self.postgres)

    @property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.storage.root)

    @property
    def janitor(self) -> Janitor:
        timeout = timedelta(seconds=self.settings.job_timeout_seconds)
        return Janitor(self.inventory, self.storage, timeout)
