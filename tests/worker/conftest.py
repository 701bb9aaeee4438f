"""A storage beside the ledger, and those who keep the two in step."""

from datetime import timedelta
from pathlib import Path

import pytest

from imagemill.jobs.belongings import Inventory
from imagemill.jobs.postgres import Postgres
from imagemill.storage.volume import Volume
from imagemill.worker.janitor import Janitor


@pytest.fixture
async def storage(tmp_path: Path) -> Volume:
    return await Volume.open(tmp_path / "storage", reserve_bytes=0)


@pytest.fixture
def janitor(pool: Postgres, storage: Volume) -> Janitor:
    return Janitor(Inventory(pool), storage, job_timeout=timedelta(minutes=30))
