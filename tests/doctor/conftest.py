"""An installation of which a test can damage every part."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from imagemill.doctor.context import DoctorContext
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.settings import Settings
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from imagemill.storage.open_storage import open_storage
from support.servers import connect

from .installation import Installation


@pytest.fixture
def settings(
    postgres_address: PostgresAddress, redis_address: RedisAddress, tmp_path: Path
) -> Settings:
    return Settings.model_validate(
        {
            "pg_host": postgres_address.host,
            "pg_port": postgres_address.port,
            "pg_user": postgres_address.user,
            "pg_password": postgres_address.password,
            "pg_dbname": postgres_address.dbname,
            "redis_host": redis_address.host,
            "redis_port": redis_address.port,
            "redis_password": redis_address.password,
            "storage_url": (tmp_path / "storage").as_uri(),
        }
    )


@pytest_asyncio.fixture
async def context(settings: Settings) -> AsyncIterator[DoctorContext]:
    async with open_storage(settings.storage_url, 0):
        pass  # creates its folders, as a service would
    async with DoctorContext.open(settings) as context:
        yield context


@pytest.fixture
def installation(
    context: DoctorContext,
    job_store: JobStore,
    leases: JobLeases,
    postgres_address: PostgresAddress,
    tmp_path: Path,
) -> Iterator[Installation]:
    with connect(postgres_address) as database:
        yield Installation(context, tmp_path / "storage", job_store, leases, database)
