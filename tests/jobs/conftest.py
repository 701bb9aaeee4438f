"""A second worker."""

from datetime import timedelta
from uuid import uuid4

import pytest

from imagemill.jobs.leases import JobLeases
from imagemill.postgres.pool import Postgres


@pytest.fixture
def other(pool: Postgres) -> JobLeases:
    """Another worker."""
    return JobLeases(pool, worker=uuid4(), lease=timedelta(seconds=60))
