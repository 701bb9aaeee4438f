"""Services that the tests of a process share, and proxies to the servers that a test can cut."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from conftest import Gateway
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.fault_stack import FaultStack
from support.process import Service, running_worker
from support.proxy import Proxy


@pytest.fixture
def exit_stack() -> Iterator[ExitStack]:
    with ExitStack() as exit_stack:
        yield exit_stack


@pytest.fixture
def to_postgres(postgres_address: PostgresAddress) -> Iterator[Proxy]:
    with Proxy.to(postgres_address.host, postgres_address.port) as proxy:
        yield proxy


@pytest.fixture
def to_redis(redis_address: RedisAddress) -> Iterator[Proxy]:
    with Proxy.to(redis_address.host, redis_address.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def shared_worker(
    shared_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    with running_worker(shared_gateway.environment, log, "--concurrency", "1") as worker:
        yield worker


@pytest.fixture
def worker(shared_worker: Service, gateway: Gateway) -> Service:  # noqa: ARG001 - empties all
    """A worker of the shared gateway, which runs until the tests of the module are over."""
    return shared_worker


@pytest.fixture(scope="session")
def shared_fault_stack(
    addresses: dict[str, str], migrated: PostgresAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FaultStack]:
    environment = addresses | {
        "LEASE_SECONDS": "2",
        "SHUTDOWN_GRACE_SECONDS": "1",
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "WEBHOOK_SCHEDULE_SECONDS": ",".join(["0.2"] * 99),
    }
    with FaultStack.running(environment, migrated, tmp_path_factory.mktemp("faults")) as stack:
        yield stack


@pytest.fixture
def stack(
    shared_fault_stack: FaultStack,
    postgres_address: PostgresAddress,  # noqa: ARG001 - empties the job store
    redis_address: RedisAddress,  # noqa: ARG001 - empties the queue
) -> Iterator[FaultStack]:
    """Services with short leases that a test may fault, with no job and no stored file."""
    with shared_fault_stack.of_one_test() as stack:
        yield stack
