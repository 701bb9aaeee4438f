"""Real servers for every test: a PostgreSQL and a Valkey a test process, from the wheels."""

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import hypothesis
import pytest
import pytest_asyncio

from imagemill.embedded.postgres import Postgres as EmbeddedPostgres
from imagemill.embedded.valkey import Valkey
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.outages import POSTGRES, REDIS, STORAGE
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.client import client_of, delete_stored_files
from support.keys import Keyring
from support.postgres_template import address_of, copy_template, make_template
from support.process import Service, running_api
from support.redis_timeouts import LONGER_TIMEOUTS, PATIENT_WITH_REDIS
from support.servers import delete_all_rows, redis_client

TESTS = Path(__file__).parent

# A shell lets what it starts in the background ignore SIGINT, and programs inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A stall of the machine is no fault of an example.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")

# The files that take longest come first: no process is left alone with one of them at the end.
LONGEST_FIRST = (
    "service/test_failpoints.py",
    "process",
    "openapi",
    "service",
    "chaos",
    "soak",
    "embedded",
    "imaging/sandbox",
    "doctor",
    "mutants",
    "",  # all others
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(TESTS).as_posix()
        return next(i for i, start in enumerate(LONGEST_FIRST) if path.startswith(start))

    items.sort(key=rank)


@pytest.fixture(autouse=True)
def no_outage() -> None:
    """Forget outages that earlier tests in this process noted, so that none is logged here."""
    for outage in (POSTGRES, REDIS, STORAGE):
        outage.forget()


@pytest.fixture(autouse=True)
def patient_redis_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    for timeout, seconds in LONGER_TIMEOUTS.items():
        monkeypatch.setattr(timeout, seconds)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await make_template(tmp_path_factory)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(
    postgres_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[EmbeddedPostgres]:
    home = tmp_path_factory.mktemp("postgres")
    copy_template(postgres_template, home)
    async with EmbeddedPostgres.run(home) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Valkey]:
    async with Valkey.run(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres_server: EmbeddedPostgres) -> PostgresAddress:
    return address_of(postgres_server)


@pytest.fixture
def postgres_address(migrated: PostgresAddress) -> PostgresAddress:
    """A database with the schema and no job."""
    delete_all_rows(migrated)
    return migrated


@pytest.fixture
def keyring(postgres_address: PostgresAddress) -> Iterator[Keyring]:
    """No API key yet, and none left for the tests that follow."""
    keyring = Keyring(postgres_address)
    yield keyring
    keyring.remove_all()


@pytest.fixture
def redis_address(valkey_server: Valkey) -> RedisAddress:
    """A Valkey with nothing in it."""
    address = RedisAddress(valkey_server.host, valkey_server.port, valkey_server.password)
    with redis_client(address) as client:
        client.flushall()
    return address


@pytest_asyncio.fixture
async def pool(postgres_address: PostgresAddress) -> AsyncIterator[Postgres]:
    async with Postgres.open(postgres_address, pool_size=4) as pool:
        yield pool


@pytest.fixture
def job_store(pool: Postgres) -> JobStore:
    return JobStore(pool)


@pytest.fixture
def leases(pool: Postgres) -> JobLeases:
    return JobLeases(pool, worker=uuid4(), lease=timedelta(seconds=60))


@pytest.fixture(scope="session")
def addresses(migrated: PostgresAddress, valkey_server: Valkey) -> dict[str, str]:
    """The environment that names the shared servers."""
    return {
        PATIENT_WITH_REDIS: "yes",
        "PG_HOST": migrated.host,
        "PG_PORT": str(migrated.port),
        "PG_USER": migrated.user,
        "PG_PASSWORD": migrated.password,
        "PG_DBNAME": migrated.dbname,
        "REDIS_HOST": valkey_server.host,
        "REDIS_PORT": str(valkey_server.port),
        "REDIS_PASSWORD": valkey_server.password,
    }


@pytest.fixture
def environment(
    addresses: dict[str, str],
    postgres_address: PostgresAddress,  # noqa: ARG001 - empties the job store
    redis_address: RedisAddress,  # noqa: ARG001 - empties the queue
    tmp_path: Path,
) -> dict[str, str]:
    """The environment of services that a test starts itself, with no job and no stored file."""
    return addresses | {"STORAGE_URL": (tmp_path / "storage").as_uri()}


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway that tests share; no worker takes its jobs."""

    client: httpx.Client
    storage: Path
    service: Service
    environment: dict[str, str]

    def files(self) -> set[Path]:
        """Everything that lies in the storage, temporary files included."""
        return {path for path in self.storage.rglob("*") if path.is_file()}

    def unfinished_files(self) -> int:
        """How many files the gateway is writing: they have no names, or temporary ones."""
        count = 0
        for descriptor in Path(f"/proc/{self.service.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                file = descriptor.readlink()
                count += file.is_relative_to(self.storage / "tmp") and file.suffix != ".work"
        return count


SHARED_LIMIT = 2 * 1024 * 1024


@contextmanager
def running_gateway(addresses: dict[str, str], folder: Path, **settings: str) -> Iterator[Gateway]:
    """Run a gateway that keeps storage and log in the folder until the block is left."""
    storage = folder / "storage"
    environment = addresses | settings | {"STORAGE_URL": storage.as_uri()}
    with (
        running_api(environment, folder / "api.log") as (service, url),
        client_of(url, timeout=30) as client,
    ):
        yield Gateway(client, storage, service, environment)


@pytest.fixture(scope="session")
def shared_gateway(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    limit = {"MAX_UPLOAD_BYTES": str(SHARED_LIMIT)}
    with running_gateway(addresses, tmp_path_factory.mktemp("gateway"), **limit) as gateway:
        yield gateway


@pytest.fixture
def gateway(
    shared_gateway: Gateway,
    postgres_address: PostgresAddress,  # noqa: ARG001 - empties the job store
    redis_address: RedisAddress,  # noqa: ARG001 - empties the queue
) -> Gateway:
    """The shared gateway, with no job, an empty queue and no stored file."""
    delete_stored_files(shared_gateway.storage)
    return shared_gateway


@pytest.fixture
def api(gateway: Gateway) -> httpx.Client:
    return gateway.client
