"""The mill that is examined: its settings, and its neighbours, opened as the services do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from imagemill.jobs.diagnostics import Diagnostics
from imagemill.jobs.job_files import JobFilesIndex
from imagemill.maintenance.janitor import Janitor
from imagemill.postgres.pool import Postgres
from imagemill.redis.queue import JobQueue
from imagemill.settings import Settings
from imagemill.storage.quarantine import Quarantine
from imagemill.storage.volume import Volume


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """Everything that examinations ask. Any of the neighbours may be away."""

    settings: Settings
    postgres: Postgres
    line: JobQueue
    storage: Volume

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator["DoctorContext"]:
        # Not Volume.open, which would make the folders that an unmounted storage lacks.
        storage = Volume(settings.storage_root, settings.disk_reserve_bytes)
        async with (
            Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
            JobQueue.open(settings.redis) as line,
        ):
            try:
                yield cls(settings, postgres, line, storage)
            finally:
                await storage.aclose()

    @property
    def diagnostics(self) -> Diagnostics:
        return Diagnostics(self.postgres)

    @property
    def job_files(self) -> JobFilesIndex:
        return JobFilesIndex(self.postgres)

    @property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.storage.root)

    @property
    def janitor(self) -> Janitor:
        timeout = timedelta(seconds=self.settings.job_timeout_seconds)
        return Janitor(self.job_files, self.storage, timeout)
