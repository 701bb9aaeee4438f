"""The disk is full, for the gateway and for workers: nothing is left behind and nothing lost."""

import json
import resource
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from imagemill.jobs.insertion import ACCEPT
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.client import (
    Json,
    client_of,
    delete_stored_files,
    has_no_temporary_files,
    upload,
    wait_for_end,
)
from support.disk import filled, small_disk, without_inodes
from support.pictures import picture
from support.process import Service, running_api, running_worker, wait_until
from support.proxy import OPEN, STALLED, Proxy, as_sent
from support.servers import count_jobs

MEBIBYTE = 1024 * 1024
INODES = 400
# Outputs of 27 kilobytes each.
LARGE = json.dumps({"outputs": [{"width": 1200, "format": "png", "enlarge": True}]})


@dataclass(frozen=True, slots=True)
class OnSmallDisk:
    """A gateway and a worker on one disk of eight mebibytes. Only the gateway uses the proxy."""

    storage: Path
    to_postgres: Proxy
    gateway: Service
    client: httpx.Client
    worker: Service

    def send(self, content: Iterator[bytes]) -> httpx.Response:
        return self.client.post("/upload", content=content, headers={"Content-Type": "image/jpeg"})


@pytest.fixture(scope="module")
def shared_services(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OnSmallDisk]:
    folder = tmp_path_factory.mktemp("small-disk")
    storage = folder / "storage"
    environment = addresses | {"STORAGE_URL": storage.as_uri(), "DISK_RESERVE_BYTES": "0"}
    with (
        small_disk(storage, 8 * MEBIBYTE, INODES),
        Proxy.to(addresses["PG_HOST"], int(addresses["PG_PORT"])) as proxy,
        running_api(environment | {"PG_PORT": str(proxy.port)}, folder / "api.log") as (
            gateway,
            url,
        ),
        client_of(url, timeout=30) as client,
        running_worker(
            environment | {"LOG_LEVEL": "debug"}, folder / "worker.log", "--concurrency", "2"
        ) as worker,
    ):
        yield OnSmallDisk(storage, proxy, gateway, client, worker)


@pytest.fixture
def services(
    shared_services: OnSmallDisk,
    postgres_address: PostgresAddress,  # noqa: ARG001 - empties the job store
    redis_address: RedisAddress,  # noqa: ARG001 - empties the queue
) -> OnSmallDisk:
    """Both, with no job and an empty disk."""
    delete_stored_files(shared_services.storage)
    return shared_services


@contextmanager
def stopped(worker: Service) -> Iterator[None]:
    """Stop the process of the worker while the block runs."""
    worker.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.process.send_signal(signal.SIGCONT)


def files(storage: Path) -> set[Path]:
    """Return all files but those that fill the disk."""
    return {path for path in storage.rglob("*") if path.is_file() and path.parent != storage}


def piecemeal(size: int) -> Iterator[bytes]:
    """Yield an upload whose size is not announced."""
    yield picture()
    for _ in range(0, size, 65536):
        yield bytes(65536)


def read(client: httpx.Client, ids: list[str]) -> list[Json]:
    return [client.get(f"/jobs/{job_id}").json() for job_id in ids]


def test_an_upload_that_fills_the_disk_gets_507_and_leaves_nothing(
    services: OnSmallDisk, postgres_address: PostgresAddress
) -> None:
    with stopped(services.worker):  # or it takes a picture with so much appended
        before = files(services.storage)  # of the worker's last job, perhaps
        answer = services.send(piecemeal(9 * MEBIBYTE))
        assert answer.status_code == httpx.codes.INSUFFICIENT_STORAGE
        assert (files(services.storage), count_jobs(postgres_address)) == (before, 0)
        accepted = services.send(piecemeal(MEBIBYTE))
        assert accepted.status_code == httpx.codes.ACCEPTED
    wait_for_end(services.client, accepted.json()["id"])  # no later test finds its files


# The first to be missing is that of the file itself; later ones are those of its folders.
@pytest.mark.parametrize("spare", [0, 1, 2])
def test_an_upload_without_inodes_gets_507_and_leaves_nothing(
    services: OnSmallDisk, postgres_address: PostgresAddress, spare: int
) -> None:
    with stopped(services.worker):  # or it makes files of its own
        before = files(services.storage)
        with without_inodes(services.storage, spare):
            answer = services.send(piecemeal(MEBIBYTE))
        assert answer.status_code == httpx.codes.INSUFFICIENT_STORAGE
        assert (files(services.storage), count_jobs(postgres_address)) == (before, 0)
        accepted = services.send(piecemeal(MEBIBYTE))
        assert accepted.status_code == httpx.codes.ACCEPTED
    wait_for_end(services.client, accepted.json()["id"])  # no later test finds its files


def test_an_upload_past_the_largest_file_gets_503_and_leaves_nothing(
    services: OnSmallDisk, postgres_address: PostgresAddress
) -> None:
    limits = resource.prlimit(services.gateway.pid, resource.RLIMIT_FSIZE)
    with stopped(services.worker):  # or it makes files of its own
        before = files(services.storage)
        resource.prlimit(services.gateway.pid, resource.RLIMIT_FSIZE, (MEBIBYTE, limits[1]))
        try:
            answer = services.send(piecemeal(2 * MEBIBYTE))
        finally:
            resource.prlimit(services.gateway.pid, resource.RLIMIT_FSIZE, limits)
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert (files(services.storage), count_jobs(postgres_address)) == (before, 0)


def test_a_disk_that_fills_up_while_postgresql_records_the_job_does_not_harm_it(
    services: OnSmallDisk,
) -> None:
    to_postgres, client = services.to_postgres, services.client
    to_postgres.become_when_asked(as_sent(ACCEPT), STALLED)
    with ThreadPoolExecutor() as threads:
        job = threads.submit(upload, client, picture())
        assert to_postgres.struck.wait(30)
        with filled(services.storage):
            to_postgres.become(OPEN)
            job_id = job.result()
    assert wait_for_end(client, job_id)["status"] == "COMPLETED"


def test_jobs_wait_while_a_workers_disk_is_full_and_use_no_attempt(services: OnSmallDisk) -> None:
    client, worker, since = services.client, services.worker, services.worker.log_size()

    def logged(event: str) -> int:
        return worker.logged(since).count(event)

    def has_given_back_all() -> bool:
        """Whether no job that it holds is left to start: it would have, before a second probe."""
        last = worker.logged(since).rpartition("job.released")[2]
        is_over = "job.started" not in last and last.count("storage.probed") >= 2
        return is_over and logged("job.started") == logged("job.released") > 0

    worker.process.send_signal(signal.SIGSTOP)
    ids = [upload(client, picture(), pipeline=LARGE) for _ in range(6)]
    with filled(services.storage):
        worker.process.send_signal(signal.SIGCONT)
        wait_until(has_given_back_all, "it gives back what it had taken", worker.logged)
        started, probed = logged("job.started"), logged("storage.probed")
        wait_until(
            lambda: logged("storage.probed") >= probed + 4, "it goes on looking", worker.logged
        )
        assert logged("job.started") == started  # and takes nothing meanwhile
        assert {(job["status"], job["attempts"]) for job in read(client, ids)} == {("PENDING", 0)}
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    assert {job["attempts"] for job in read(client, ids)} == {1}
    assert has_no_temporary_files(services.storage)


@pytest.mark.parametrize("spare_inodes", [0, 3])
def test_jobs_whose_outputs_find_no_inodes_wait_and_use_no_attempt(
    services: OnSmallDisk, spare_inodes: int
) -> None:
    client, worker, since = services.client, services.worker, services.worker.log_size()
    worker.process.send_signal(signal.SIGSTOP)
    ids = [upload(client, picture(), pipeline=LARGE) for _ in range(3)]
    with without_inodes(services.storage, spare_inodes):
        worker.process.send_signal(signal.SIGCONT)
        wait_until(lambda: "job.released" in worker.logged(since), "it gives back", worker.logged)
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    assert {job["attempts"] for job in read(client, ids)} == {1}
    assert has_no_temporary_files(services.storage)


def test_jobs_whose_outputs_alone_do_not_fit_wait_and_use_no_attempt(
    services: OnSmallDisk,
) -> None:
    client, worker, since = services.client, services.worker, services.worker.log_size()
    worker.process.send_signal(signal.SIGSTOP)
    ids = [upload(client, picture(), pipeline=LARGE) for _ in range(2)]
    with filled(services.storage, spare_bytes=16 * 1024):  # a probe fits
        worker.process.send_signal(signal.SIGCONT)
        wait_until(
            lambda: worker.logged(since).count("job.released") >= 3,
            "they come round",
            worker.logged,
        )
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    assert {job["attempts"] for job in read(client, ids)} == {1}
    assert has_no_temporary_files(services.storage)
