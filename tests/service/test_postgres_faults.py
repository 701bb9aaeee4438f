"""PostgreSQL is cut off, stalls, or loses its answers, at the moments where it matters most."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from imagemill.embedded.postgres import Postgres as EmbeddedPostgres
from support.client import Json, client_of, status_history, storage_of, upload, wait_for_end
from support.pictures import picture
from support.process import running_api, running_worker, wait_until
from support.proxy import CLOSED, HALF_OPEN, OPEN, STALLED, Proxy, Way

# As these statements begin on their way to the server, when a connection sends them first.
ACCEPT = b"INSERT INTO jobs"
FINISH = b"WITH done AS"

# However PostgreSQL hangs, whoever asks the gateway hears from it within this time.
LONGEST_ANSWER_SECONDS = 30
LEASE_SECONDS = 2

DONE_AT_ONCE = ["PENDING", "PROCESSING", "COMPLETED"]


def through(environment: dict[str, str], proxy: Proxy) -> dict[str, str]:
    return environment | {"PG_PORT": str(proxy.port)}


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


@pytest.mark.parametrize("way", [STALLED, HALF_OPEN], ids=["stalled", "half-open"])
def test_an_upload_that_postgresql_does_not_answer_gets_503_and_keeps_its_file(
    environment: dict[str, str], to_postgres: Proxy, tmp_path: Path, stack: ExitStack, way: Way
) -> None:
    storage = storage_of(environment)
    _, url = stack.enter_context(
        running_api(through(environment, to_postgres), tmp_path / "api.log")
    )
    client = stack.enter_context(client_of(url, timeout=60))
    to_postgres.become_when_asked(ACCEPT, way)
    began = time.monotonic()
    answer = client.post("/upload", files={"file": picture()})
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert time.monotonic() - began < LONGEST_ANSWER_SECONDS
    assert to_postgres.struck.is_set()
    assert len(stored(storage, "inputs")) == 1  # the row may be there, and then needs it
    to_postgres.become(OPEN)
    wait_until(lambda: client.get("/readyz").is_success, "the gateway is ready again")
    stack.enter_context(running_worker(environment, tmp_path / "worker.log"))
    ids = {upload(client, picture()), *(job["id"] for job in jobs(client))}
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    assert len(ids) in ({2} if way is HALF_OPEN else {1, 2})


def test_an_upload_whose_connection_breaks_before_the_answer_makes_one_job(
    environment: dict[str, str], to_postgres: Proxy, tmp_path: Path, stack: ExitStack
) -> None:
    _, url = stack.enter_context(
        running_api(through(environment, to_postgres), tmp_path / "api.log")
    )
    client = stack.enter_context(client_of(url, timeout=60))
    own = stack.enter_context(running_api(environment, tmp_path / "own.log"))[1]
    to_postgres.become_when_asked(ACCEPT, HALF_OPEN)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(client.post, "/upload", files={"file": picture()})
        wait_until(lambda: len(httpx.get(f"{own}/jobs").json()["jobs"]) == 1, "the row is there")
        to_postgres.become(OPEN)
        to_postgres.cut()
        assert answer.result().status_code == httpx.codes.ACCEPTED
    assert [job["id"] for job in jobs(client)] == [answer.result().json()["id"]]


def test_a_job_whose_end_was_recorded_but_not_confirmed_keeps_its_outputs(
    environment: dict[str, str], to_postgres: Proxy, tmp_path: Path, stack: ExitStack
) -> None:
    _, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
    client = stack.enter_context(client_of(url))
    worker = stack.enter_context(
        running_worker(through(environment, to_postgres), tmp_path / "worker.log")
    )
    to_postgres.become_when_asked(FINISH, HALF_OPEN)
    job_id = upload(client, picture())
    assert wait_for_end(client, job_id)["status"] == "COMPLETED"
    assert to_postgres.struck.is_set()
    assert "job.completed" not in worker.logged()  # it has not heard of it
    to_postgres.become(OPEN)
    to_postgres.cut()
    wait_until(lambda: "job.completed" in worker.logged(), "the worker asks again", worker.logged)
    assert status_history(client, job_id) == DONE_AT_ONCE
    require_one_result(client, storage_of(environment), job_id)


def test_a_worker_cut_off_for_longer_than_its_lease_ends_nothing_twice(
    environment: dict[str, str], to_postgres: Proxy, tmp_path: Path, stack: ExitStack
) -> None:
    hasty = environment | {"LEASE_SECONDS": str(LEASE_SECONDS)}
    _, url = stack.enter_context(running_api(hasty, tmp_path / "api.log"))
    client = stack.enter_context(client_of(url))
    cut_off = stack.enter_context(
        running_worker(through(hasty, to_postgres), tmp_path / "cut-off.log")
    )
    to_postgres.become_when_asked(FINISH, CLOSED)
    job_id = upload(client, picture())
    assert to_postgres.struck.wait(30)
    stack.enter_context(running_worker(hasty, tmp_path / "other.log"))
    assert wait_for_end(client, job_id)["attempts"] == 2  # the other one's
    to_postgres.become(OPEN)
    wait_until(
        lambda: "job.result_rejected" in cut_off.logged(), "its result is refused", cut_off.logged
    )
    require_one_result(client, storage_of(hasty), job_id)


def test_while_postgresql_is_away_nobody_takes_a_job_and_afterwards_it_ends_once(
    environment: dict[str, str], to_postgres: Proxy, tmp_path: Path, stack: ExitStack
) -> None:
    hasty = environment | {"LEASE_SECONDS": str(LEASE_SECONDS)}
    _, url = stack.enter_context(running_api(hasty, tmp_path / "api.log"))
    client = stack.enter_context(client_of(url))
    workers = [
        stack.enter_context(running_worker(through(hasty, to_postgres), tmp_path / name))
        for name in ("one.log", "two.log")
    ]
    to_postgres.become_when_asked(FINISH, CLOSED)
    job_id = upload(client, picture())
    assert to_postgres.struck.wait(30)
    time.sleep(2 * LEASE_SECONDS)  # the outage itself
    assert status_history(client, job_id) == ["PENDING", "PROCESSING"]
    to_postgres.become(OPEN)
    assert wait_for_end(client, job_id)["status"] == "COMPLETED"
    require_one_result(client, storage_of(hasty), job_id)
    assert all(worker.process.poll() is None for worker in workers)


# With three, connections are left over that nobody has found dead yet.
@pytest.mark.parametrize("meanwhile", [3, 15])
def test_a_frozen_postgresql_is_answered_for_with_503_and_taken_up_again(
    environment: dict[str, str],
    postgres_server: EmbeddedPostgres,
    tmp_path: Path,
    stack: ExitStack,
    meanwhile: int,
) -> None:
    uploads = 15  # more than there are connections
    # A claim that PostgreSQL carries out as it wakes, unheard, costs its job the rest of a lease.
    hasty = environment | {"LEASE_SECONDS": str(LEASE_SECONDS)}
    _, url = stack.enter_context(running_api(hasty, tmp_path / "api.log"))
    stack.enter_context(running_worker(hasty, tmp_path / "worker.log"))
    client = stack.enter_context(client_of(url, timeout=40))
    threads = stack.enter_context(ThreadPoolExecutor(uploads))

    def send(_: int) -> httpx.Response:
        return client.post("/upload", files={"file": picture()})

    assert {answer.status_code for answer in threads.map(send, range(uploads))} == {202}
    with frozen(postgres_server):
        began = time.monotonic()
        answers = list(threads.map(send, range(meanwhile)))
        assert time.monotonic() - began < LONGEST_ANSWER_SECONDS
    assert {answer.status_code for answer in answers} == {httpx.codes.SERVICE_UNAVAILABLE}
    wait_until(lambda: client.get("/readyz").is_success, "the gateway is ready again")
    assert {answer.status_code for answer in threads.map(send, range(uploads))} == {202}
    ids = [job["id"] for job in jobs(client)]
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
