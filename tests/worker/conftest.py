"""A storage beside the ledger, and those who keep the two in step."""

from datetime import timedelta
from pathlib import Path

import pytest

from imagemill.jobs.job_files import JobFilesIndex
from imagemill.maintenance.janitor import Janitor
from imagemill.postgres.pool import Postgres
from imagemill.storage.volume import Volume


@pytest.fixture
async def storage(tmp_path: Path) -> Volume:
    return await Volume.open(tmp_path / "storage", reserve_bytes=0)


@pytest.fixture
def janitor(pool: Postgres, storage: Volume) -> Janitor:
    return Janitor(JobFilesIndex(pool), storage, job_timeout=timedelta(minutes=30))
