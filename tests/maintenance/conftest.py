"""A storage beside PostgreSQL, and the janitor that keeps the two consistent."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from imagemill.jobs.job_files import JobFilesIndex
from imagemill.maintenance.janitor import Janitor
from imagemill.postgres.pool import Postgres
from imagemill.storage.local.local_storage import LocalStorage


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[LocalStorage]:
    async with LocalStorage.open(tmp_path / "storage", reserve_bytes=0) as storage:
        yield storage


@pytest.fixture
def janitor(pool: Postgres, storage: LocalStorage) -> Janitor:
    return Janitor(JobFilesIndex(pool), storage, job_timeout=timedelta(minutes=30))
