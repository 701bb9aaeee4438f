"""Two installations on one PostgreSQL: one that is backed up, and an empty one to restore into."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.migrate import migrate
from imagemill.settings import Settings
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.open_storage import open_storage
from support.servers import connect, delete_all_rows

from .installation import Installation


def settings_of(address: PostgresAddress, root: Path) -> Settings:
    return Settings.model_validate(
        {
            "pg_host": address.host,
            "pg_port": address.port,
            "pg_user": address.user,
            "pg_password": address.password,
            "pg_dbname": address.dbname,
            "storage_url": root.as_uri(),
        }
    )


@pytest_asyncio.fixture
async def installation(
    postgres_address: PostgresAddress, job_store: JobStore, leases: JobLeases, tmp_path: Path
) -> Installation:
    """An installation with no job, whose rows and files a test adds and damages."""
    root = tmp_path / "storage"
    async with open_storage(root.as_uri(), 0):
        pass  # creates its folders, as a service would
    return Installation(settings_of(postgres_address, root), root, job_store, leases)


@pytest.fixture(scope="session")
def other_database(migrated: PostgresAddress) -> Iterator[PostgresAddress]:
    """A migrated database beside the one that is backed up."""
    with connect(migrated) as connection:
        connection.execute("CREATE DATABASE restored")
        address = replace(migrated, dbname="restored")
        migrate(address)
        yield address
        connection.execute("DROP DATABASE restored WITH (FORCE)")


@pytest.fixture
def target(other_database: PostgresAddress, tmp_path: Path) -> Settings:
    """The settings of an installation with neither rows nor files."""
    delete_all_rows(other_database)
    return settings_of(other_database, tmp_path / "restored")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a backup may be made."""
    return tmp_path / "backups" / "monday"
