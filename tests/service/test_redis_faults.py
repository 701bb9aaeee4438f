"""Redis hangs, breaks off, stays away: uploads hardly notice, and the sweep finds their jobs."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from statistics import median

import httpx
import pytest

from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.client import (
    client_of,
    delete_stored_files,
    status_history,
    storage_of,
    upload,
    wait_for_end,
)
from support.events import Event, stream
from support.pictures import picture
from support.process import Service, running_api, running_worker, wait_until
from support.proxy import CLOSED, HALF_OPEN, OPEN, STALLED, Proxy, Way
from support.redis_timeouts import PATIENT_WITH_REDIS

# What an upload may cost more than a healthy one, with room for a busy machine; the time-out of
# the wakeup is a tenth of a second.
EXTRA_SECONDS = 0.3
# A worker waits for an answer of the queue for up to four seconds before it sweeps PostgreSQL.
# What a busy machine adds to that is no fault of it.
TURN_SECONDS = 30
OUTAGE_SECONDS = 12

WAIT = {"Prefer": "wait=30"}


@dataclass(frozen=True, slots=True)
class BehindProxy:
    """A gateway and a worker that reach Redis through the proxy."""

    to_redis: Proxy
    environment: dict[str, str]
    gateway: Service
    worker: Service
    client: httpx.Client


@pytest.fixture(scope="module")
def shared_services(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BehindProxy]:
    folder = tmp_path_factory.mktemp("behind-proxy")
    with Proxy.to(addresses["REDIS_HOST"], int(addresses["REDIS_PORT"])) as to_redis:
        environment = addresses | {
            "REDIS_PORT": str(to_redis.port),
            "STORAGE_URL": (folder / "storage").as_uri(),
        }
        del environment[PATIENT_WITH_REDIS]
        with (
            running_api(environment, folder / "api.log") as (gateway, url),
            running_worker(environment, folder / "worker.log", "--concurrency", "1") as worker,
            client_of(url, timeout=60) as client,
        ):
            yield BehindProxy(to_redis, environment, gateway, worker, client)


@pytest.fixture
def services(
    shared_services: BehindProxy,
    postgres_address: PostgresAddress,  # noqa: ARG001 - empties the job store
    redis_address: RedisAddress,  # noqa: ARG001 - empties the queue
) -> BehindProxy:
    """Both, with Redis in reach, no job and no stored file."""
    client = shared_services.client
    shared_services.to_redis.become(OPEN)
    delete_stored_files(storage_of(shared_services.environment))
    wait_until(lambda: client.get("/readyz").json()["redis"] == "ok", "Redis is in reach")
    return shared_services


def is_in_use(services: BehindProxy) -> bool:
    """Whether Redis is in reach, and both have said so if they ever said that it is away."""
    is_ok = services.client.get("/readyz").json()["redis"] == "ok"
    logs = services.gateway.logged(), services.worker.logged()
    return is_ok and all(
        log.count("redis.unavailable") == log.count("redis.available") for log in logs
    )


def timed_upload(client: httpx.Client) -> tuple[str, float]:
    began = time.monotonic()
    job_id = upload(client, picture())
    return job_id, time.monotonic() - began


@pytest.mark.parametrize(
    "way", [STALLED, HALF_OPEN, CLOSED], ids=["stalled", "half-open", "closed"]
)
def test_while_redis_is_away_uploads_are_taken_at_once_and_jobs_done_in_time(
    services: BehindProxy, way: Way
) -> None:
    client = services.client
    assert wait_for_end(client, upload(client, picture()))["status"] == "COMPLETED"
    usual = median(timed_upload(client)[1] for _ in range(5))
    # A busy machine may have looked like an outage.
    wait_until(lambda: is_in_use(services), "both use Redis")
    outages = services.gateway.logged().count("redis.unavailable")
    since = services.worker.log_size()
    services.to_redis.become(way)
    over, times = time.monotonic() + OUTAGE_SECONDS, []
    while time.monotonic() < over:
        # Several, since a busy machine may hold up one or two, and jobs may take seconds.
        uploads = [timed_upload(client) for _ in range(3)]
        times += [seconds for _, seconds in uploads]
        for job_id, _ in uploads:
            assert wait_for_end(client, job_id, seconds=TURN_SECONDS)["status"] == "COMPLETED"
    assert median(times) < usual + EXTRA_SECONDS, times
    assert services.gateway.logged().count("redis.unavailable") == outages + 1
    assert "redis.unavailable" in services.worker.logged(since)
    services.to_redis.become(OPEN)
    wait_until(
        lambda: "redis.available" in services.worker.logged(since),
        "the queue is used again",
        services.worker.logged,
    )


def test_a_connection_that_is_cut_costs_no_job_and_no_restart(services: BehindProxy) -> None:
    client, since = services.client, services.worker.log_size()
    for _ in range(10):
        services.to_redis.cut()
        job_id = upload(client, picture())
        assert wait_for_end(client, job_id, seconds=TURN_SECONDS)["status"] == "COMPLETED"
        assert status_history(client, job_id) == ["PENDING", "PROCESSING", "COMPLETED"]
    assert "redis.unavailable" in services.worker.logged(since)


def statuses(events: list[Event]) -> list[str]:
    return [event.status for event in events]


def of(job_id: str, events: Iterator[Event]) -> Iterator[Event]:
    return (event for event in events if event.data["id"] == job_id)


@pytest.mark.parametrize("way", [CLOSED, STALLED], ids=["closed", "stalled"])
def test_while_redis_is_away_changes_are_streamed_a_little_later(
    services: BehindProxy, exit_stack: ExitStack, way: Way
) -> None:
    client = services.client
    everything = exit_stack.enter_context(stream(client, "/events"))
    services.to_redis.become(way)
    answer = client.post("/upload", files={"file": picture()}, headers=WAIT)
    assert answer.json()["status"] == "COMPLETED"
    job_id = upload(client, picture())
    with stream(client, f"/jobs/{job_id}/events", last=0) as received_events:
        assert statuses(list(received_events)) == ["PENDING", "PROCESSING", "COMPLETED"]
    assert statuses(list(islice(of(job_id, everything), 3))) == status_history(client, job_id)
    services.to_redis.become(OPEN)
