"""The settings, servers and storage that the checks use, opened as the services do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from imagemill.jobs.diagnostics import Diagnostics
from imagemill.jobs.job_files import JobFilesIndex
from imagemill.jobs.worker_registry import WorkerRegistry
from imagemill.maintenance.janitor import Janitor
from imagemill.postgres.pool import Postgres
from imagemill.redis.queue import JobQueue
from imagemill.settings import Settings
from imagemill.storage.open_storage import open_storage
from imagemill.storage.protocol import Storage


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """The servers and the storage that are checked. Each of them may be unavailable."""

    settings: Settings
    postgres: Postgres
    queue: JobQueue
    storage: Storage

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator["DoctorContext"]:
        async with (
            Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
            JobQueue.open(settings.redis) as queue,
            # Folders that an unmounted volume lacks are a finding, and not to be created.
            open_storage(
                settings.storage_url, settings.disk_reserve_bytes, create_missing=False
            ) as storage,
        ):
            yield cls(settings, postgres, queue, storage)

    @property
    def diagnostics(self) -> Diagnostics:
        return Diagnostics(self.postgres)

    @property
    def workers(self) -> WorkerRegistry:
        return WorkerRegistry(self.postgres)

    @property
    def job_files(self) -> JobFilesIndex:
        return JobFilesIndex(self.postgres)

    @property
    def janitor(self) -> Janitor:
        timeout = timedelta(seconds=self.settings.job_timeout_seconds)
        return Janitor(self.job_files, self.storage, timeout)
