"""Ways to the servers that tests disturb, and services that come and go within one test."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.proxy import Proxy


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def to_postgres(postgres_address: PostgresAddress) -> Iterator[Proxy]:
    with Proxy.to(postgres_address.host, postgres_address.port) as proxy:
        yield proxy


@pytest.fixture
def to_redis(redis_address: RedisAddress) -> Iterator[Proxy]:
    with Proxy.to(redis_address.host, redis_address.port) as proxy:
        yield proxy
