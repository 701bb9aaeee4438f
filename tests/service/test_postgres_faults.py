"""PostgreSQL is cut off, stalls, or loses its answers, at the moments where it matters most."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from imagemill.embedded.postgres import Postgres as EmbeddedPostgres
from imagemill.jobs.insertion import ACCEPT
from imagemill.jobs.leases import FINISH
from imagemill.settings.addresses import PostgresAddress
from support.client import Json, client_of, status_history, upload, wait_for_end
from support.events import stream
from support.fault_stack import FaultStack
from support.pictures import picture
from support.process import Service, running_api, running_worker, wait_until
from support.proxy import CLOSED, HALF_OPEN, OPEN, STALLED, Proxy, Way, as_sent

# However PostgreSQL hangs, the gateway answers within this time.
MAX_ANSWER_SECONDS = 30
LEASE_SECONDS = 2


@dataclass(frozen=True, slots=True)
class BehindProxies:
    """A gateway and a worker of the stack that reach PostgreSQL through a proxy each."""

    to_gateway: Proxy
    client: httpx.Client
    to_worker: Proxy
    worker: Service


@pytest.fixture(scope="module")
def shared_services(
    shared_fault_stack: FaultStack,
    migrated: PostgresAddress,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[BehindProxies]:
    folder, environment = tmp_path_factory.mktemp("proxies"), shared_fault_stack.environment
    with (
        Proxy.to(migrated.host, migrated.port) as to_gateway,
        Proxy.to(migrated.host, migrated.port) as to_worker,
        running_api(environment | {"PG_PORT": str(to_gateway.port)}, folder / "api.log") as (
            _,
            url,
        ),
        client_of(url, timeout=60) as client,
        running_worker(
            environment | {"PG_PORT": str(to_worker.port)},
            folder / "worker.log",
            "--concurrency",
            "1",
        ) as worker,
    ):
        yield BehindProxies(to_gateway, client, to_worker, worker)


@pytest.fixture
def services(shared_services: BehindProxies, stack: FaultStack) -> BehindProxies:
    """Both, with PostgreSQL in reach, no job and no stored file."""
    del stack  # empties all
    for proxy in (shared_services.to_gateway, shared_services.to_worker):
        proxy.become(OPEN)
    wait_until(lambda: shared_services.client.get("/readyz").is_success, "the gateway is ready")
    return shared_services


def jobs(client: httpx.Client) -> list[Json]:
    return list(client.get("/jobs").json()["jobs"])


def stored(storage: Path, folder: str) -> list[Path]:
    return [path for path in (storage / folder).rglob("*") if path.is_file()]


def require_one_result(client: httpx.Client, storage: Path, job_id: str) -> None:
    """Require that the job ended once, and that its outputs are there and nobody else's."""
    job = wait_for_end(client, job_id)
    assert status_history(client, job_id).count("COMPLETED") == 1
    assert client.get(job["outputs"][0]["url"]).status_code == httpx.codes.OK
    wait_until(
        lambda: stored(storage, "outputs") == [storage / job["output_path"]],
        "there are the winner's outputs and no others",
        lambda: str(stored(storage, "outputs")),
    )


@contextmanager
def frozen(postgres: EmbeddedPostgres) -> Iterator[None]:
    """Stop the server with all its processes: the kernel still takes connections for it."""
    main = psutil.Process(postgres.pid)
    processes = [main, *main.children(recursive=True)]
    for process in processes:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "way",
    [STALLED, pytest.param(HALF_OPEN, marks=pytest.mark.long)],
    ids=["stalled", "half-open"],
)
def test_an_upload_that_postgresql_does_not_answer_gets_503_and_keeps_its_file(
    stack: FaultStack, services: BehindProxies, way: Way
) -> None:
    client = services.client
    services.to_gateway.become_when_asked(as_sent(ACCEPT), way)
    began = time.monotonic()
    answer = client.post("/upload", files={"file": picture()})
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert time.monotonic() - began < MAX_ANSWER_SECONDS
    assert services.to_gateway.struck.is_set()
    assert len(stored(stack.storage, "inputs")) == 1  # the row may be there, and then needs it
    services.to_gateway.become(OPEN)
    wait_until(lambda: client.get("/readyz").is_success, "the gateway is ready again")
    ids = {upload(client, picture()), *(job["id"] for job in jobs(client))}
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    assert len(ids) in ({2} if way is HALF_OPEN else {1, 2})


def test_an_upload_whose_connection_breaks_before_the_answer_makes_one_job(
    stack: FaultStack, services: BehindProxies
) -> None:
    client = services.client
    services.to_gateway.become_when_asked(as_sent(ACCEPT), HALF_OPEN)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(client.post, "/upload", files={"file": picture()})
        wait_until(lambda: len(jobs(stack.client)) == 1, "the row is there")
        services.to_gateway.become(OPEN)
        services.to_gateway.cut()
        assert answer.result().status_code == httpx.codes.ACCEPTED
    assert [job["id"] for job in jobs(client)] == [answer.result().json()["id"]]


def test_a_job_whose_end_was_recorded_but_not_confirmed_keeps_its_outputs(
    stack: FaultStack, services: BehindProxies
) -> None:
    worker, since = services.worker, services.worker.log_size()
    services.to_worker.become_when_asked(as_sent(FINISH), HALF_OPEN)
    job_id = upload(stack.client, picture())
    assert wait_for_end(stack.client, job_id)["status"] == "COMPLETED"
    history = status_history(stack.client, job_id)
    assert services.to_worker.struck.is_set()
    assert "job.completed" not in worker.logged(since)  # it did not get the answer
    services.to_worker.become(OPEN)
    services.to_worker.cut()
    wait_until(
        lambda: "job.completed" in worker.logged(since), "the worker asks again", worker.logged
    )
    assert status_history(stack.client, job_id) == history
    require_one_result(stack.client, stack.storage, job_id)


def test_a_worker_cut_off_for_longer_than_its_lease_ends_nothing_twice(
    stack: FaultStack, services: BehindProxies
) -> None:
    cut_off, since = services.worker, services.worker.log_size()
    services.to_worker.become_when_asked(as_sent(FINISH), CLOSED)
    job_id = upload(stack.client, picture())
    assert services.to_worker.struck.wait(30)
    before = stack.client.get(f"/jobs/{job_id}").json()["attempts"]
    stack.use_spare_worker()
    assert wait_for_end(stack.client, job_id)["attempts"] == before + 1  # the other one's
    services.to_worker.become(OPEN)
    wait_until(
        lambda: "job.result_rejected" in cut_off.logged(since),
        "its result is refused",
        cut_off.logged,
    )
    require_one_result(stack.client, stack.storage, job_id)


def test_while_postgresql_is_away_nobody_takes_a_job_and_afterwards_it_ends_once(
    stack: FaultStack, services: BehindProxies
) -> None:
    through = {"PG_PORT": str(services.to_worker.port)}
    workers = [services.worker, stack.start_worker(**through)]
    services.to_worker.become_when_asked(as_sent(FINISH), CLOSED)
    job_id = upload(stack.client, picture())
    assert services.to_worker.struck.wait(30)
    before = status_history(stack.client, job_id)
    time.sleep(2 * LEASE_SECONDS)  # the outage itself
    assert status_history(stack.client, job_id) == before
    services.to_worker.become(OPEN)
    assert wait_for_end(stack.client, job_id)["status"] == "COMPLETED"
    require_one_result(stack.client, stack.storage, job_id)
    assert all(worker.process.poll() is None for worker in workers)


# With three, connections are left over that nobody has found dead yet.
@pytest.mark.parametrize("meanwhile", [3, pytest.param(15, marks=pytest.mark.long)])
@pytest.mark.usefixtures("services")
def test_a_frozen_postgresql_is_answered_for_with_503_and_taken_up_again(
    stack: FaultStack, postgres_server: EmbeddedPostgres, exit_stack: ExitStack, meanwhile: int
) -> None:
    uploads = 15  # more than there are connections
    client = exit_stack.enter_context(client_of(str(stack.client.base_url), timeout=40))
    threads = exit_stack.enter_context(ThreadPoolExecutor(uploads))

    def send(_: int) -> httpx.Response:
        return client.post("/upload", files={"file": picture()})

    assert {answer.status_code for answer in threads.map(send, range(uploads))} == {202}
    with frozen(postgres_server):
        began = time.monotonic()
        answers = list(threads.map(send, range(meanwhile)))
        assert time.monotonic() - began < MAX_ANSWER_SECONDS
    assert {answer.status_code for answer in answers} == {httpx.codes.SERVICE_UNAVAILABLE}
    wait_until(lambda: client.get("/readyz").is_success, "the gateway is ready again")
    assert {answer.status_code for answer in threads.map(send, range(uploads))} == {202}
    ids = [job["id"] for job in jobs(client)]
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}


def test_without_postgres_a_wait_goes_on_and_is_answered_when_it_is_back(
    stack: FaultStack, services: BehindProxies, exit_stack: ExitStack
) -> None:
    client, other = services.client, stack.client
    services.to_worker.become(CLOSED)  # nobody takes the job
    job_id = upload(other, picture())
    received_events = exit_stack.enter_context(stream(client, f"/jobs/{job_id}/events"))
    assert next(received_events).status == "PENDING"
    services.to_gateway.become(CLOSED)
    other.post(f"/jobs/{job_id}/cancel")
    unread = client.get(f"/jobs/{job_id}", headers={"Prefer": "wait=1"})
    assert unread.status_code == httpx.codes.SERVICE_UNAVAILABLE
    services.to_gateway.become(OPEN)
    assert [event.status for event in received_events] == ["CANCELED"]
