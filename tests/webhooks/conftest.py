"""The deliveries of a real PostgreSQL."""

import pytest

from imagemill.postgres.pool import Postgres
from imagemill.webhooks.deliveries import Deliveries


@pytest.fixture
def deliveries(pool: Postgres) -> Deliveries:
    return Deliveries(pool)
