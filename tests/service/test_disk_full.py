"""The disk is full, for the gateway and for workers: nothing is left behind and nothing lost."""

import json
import resource
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from imagemill.settings.addresses import PostgresAddress
from support.client import Json, client_of, has_no_temporary_files, storage_of, upload, wait_for_end
from support.disk import filled, small_disk, without_inodes
from support.pictures import picture
from support.process import Service, running_api, running_worker, wait_until
from support.proxy import OPEN, STALLED, Proxy
from support.servers import count_jobs

MEBIBYTE = 1024 * 1024
INODES = 400
# Outputs of 27 kilobytes each.
LARGE = json.dumps({"outputs": [{"width": 1200, "format": "png", "enlarge": True}]})


@pytest.fixture
def on_small_disk(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """What services are told whose storage is a disk of eight mebibytes."""
    with small_disk(storage_of(environment), 8 * MEBIBYTE, INODES):
        yield environment | {"DISK_RESERVE_BYTES": "0"}


def files(storage: Path) -> set[Path]:
    """Return all files but those that fill the disk."""
    return {path for path in storage.rglob("*") if path.is_file() and path.parent != storage}


def piecemeal(size: int) -> Iterator[bytes]:
    """Yield an upload whose size nobody is told in advance."""
    yield picture()
    for _ in range(0, size, 65536):
        yield bytes(65536)


def send(url: str, content: Iterator[bytes]) -> httpx.Response:
    headers = {"Content-Type": "image/jpeg"}
    return httpx.post(f"{url}/upload", content=content, headers=headers, timeout=30)


def probes(worker: Service) -> int:
    return worker.logged().count("storage.unavailable")


def starts(worker: Service) -> int:
    return worker.logged().count("job.started")


def read(client: httpx.Client, ids: list[str]) -> list[Json]:
    return [client.get(f"/jobs/{job_id}").json() for job_id in ids]


def test_an_upload_that_fills_the_disk_gets_507_and_leaves_nothing(
    on_small_disk: dict[str, str], postgres_address: PostgresAddress, tmp_path: Path
) -> None:
    storage = storage_of(on_small_disk)
    with running_api(on_small_disk, tmp_path / "api.log") as (_, url):
        answer = send(url, piecemeal(9 * MEBIBYTE))
        assert answer.status_code == httpx.codes.INSUFFICIENT_STORAGE
        assert (files(storage), count_jobs(postgres_address)) == (set(), 0)
        assert send(url, piecemeal(MEBIBYTE)).status_code == httpx.codes.ACCEPTED


# The first to be missing is that of the file itself; later ones are those of its folders.
@pytest.mark.parametrize("spare", [0, 1, 2])
def test_an_upload_without_inodes_gets_507_and_leaves_nothing(
    on_small_disk: dict[str, str], postgres_address: PostgresAddress, tmp_path: Path, spare: int
) -> None:
    storage = storage_of(on_small_disk)
    with running_api(on_small_disk, tmp_path / "api.log") as (_, url):
        with without_inodes(storage, spare):
            answer = send(url, piecemeal(MEBIBYTE))
        assert answer.status_code == httpx.codes.INSUFFICIENT_STORAGE
        assert (files(storage), count_jobs(postgres_address)) == (set(), 0)
        assert send(url, piecemeal(MEBIBYTE)).status_code == httpx.codes.ACCEPTED


def test_an_upload_past_the_largest_file_gets_503_and_leaves_nothing(
    environment: dict[str, str], postgres_address: PostgresAddress, tmp_path: Path
) -> None:
    with running_api(environment, tmp_path / "api.log") as (service, url):
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (MEBIBYTE, MEBIBYTE))
        answer = send(url, piecemeal(2 * MEBIBYTE))
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert (files(storage_of(environment)), count_jobs(postgres_address)) == (set(), 0)


def test_a_disk_that_fills_up_while_postgresql_records_the_job_does_not_harm_it(
    on_small_disk: dict[str, str], to_postgres: Proxy, tmp_path: Path, exit_stack: ExitStack
) -> None:
    through = on_small_disk | {"PG_PORT": str(to_postgres.port)}
    _, url = exit_stack.enter_context(running_api(through, tmp_path / "api.log"))
    client = exit_stack.enter_context(client_of(url, timeout=30))
    to_postgres.become_when_asked(b"INSERT INTO jobs", STALLED)
    with ThreadPoolExecutor() as threads:
        job = threads.submit(upload, client, picture())
        assert to_postgres.struck.wait(30)
        with filled(storage_of(on_small_disk)):
            to_postgres.become(OPEN)
            job_id = job.result()
    exit_stack.enter_context(running_worker(on_small_disk, tmp_path / "worker.log"))
    assert wait_for_end(client, job_id)["status"] == "COMPLETED"


def test_jobs_wait_while_a_workers_disk_is_full_and_use_no_attempt(
    on_small_disk: dict[str, str], tmp_path: Path, exit_stack: ExitStack
) -> None:
    storage = storage_of(on_small_disk)
    _, url = exit_stack.enter_context(running_api(on_small_disk, tmp_path / "api.log"))
    client = exit_stack.enter_context(client_of(url))
    worker = exit_stack.enter_context(
        running_worker(on_small_disk, tmp_path / "worker.log", "--concurrency", "2")
    )
    worker.process.send_signal(signal.SIGSTOP)
    ids = [upload(client, picture(), pipeline=LARGE) for _ in range(6)]
    with filled(storage):
        worker.process.send_signal(signal.SIGCONT)
        wait_until(lambda: probes(worker) >= 2, "the worker looks for room", worker.logged)
        started = starts(worker)
        assert started
        wait_until(lambda: probes(worker) >= 6, "it goes on looking", worker.logged)
        assert starts(worker) == started  # and takes nothing meanwhile
        assert {(job["status"], job["attempts"]) for job in read(client, ids)} == {("PENDING", 0)}
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    assert {job["attempts"] for job in read(client, ids)} == {1}
    assert has_no_temporary_files(storage)


@pytest.mark.parametrize("spare_inodes", [0, 3])
def test_jobs_whose_outputs_find_no_inodes_wait_and_use_no_attempt(
    on_small_disk: dict[str, str], tmp_path: Path, exit_stack: ExitStack, spare_inodes: int
) -> None:
    storage = storage_of(on_small_disk)
    _, url = exit_stack.enter_context(running_api(on_small_disk, tmp_path / "api.log"))
    client = exit_stack.enter_context(client_of(url))
    worker = exit_stack.enter_context(running_worker(on_small_disk, tmp_path / "worker.log"))
    worker.process.send_signal(signal.SIGSTOP)
    ids = [upload(client, picture(), pipeline=LARGE) for _ in range(3)]
    with without_inodes(storage, spare_inodes):
        worker.process.send_signal(signal.SIGCONT)
        wait_until(lambda: "job.released" in worker.logged(), "it gives back", worker.logged)
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    assert {job["attempts"] for job in read(client, ids)} == {1}
    assert has_no_temporary_files(storage)


def test_jobs_whose_outputs_alone_do_not_fit_wait_and_use_no_attempt(
    on_small_disk: dict[str, str], tmp_path: Path, exit_stack: ExitStack
) -> None:
    storage = storage_of(on_small_disk)
    _, url = exit_stack.enter_context(running_api(on_small_disk, tmp_path / "api.log"))
    client = exit_stack.enter_context(client_of(url))
    worker = exit_stack.enter_context(running_worker(on_small_disk, tmp_path / "worker.log"))
    worker.process.send_signal(signal.SIGSTOP)
    ids = [upload(client, picture(), pipeline=LARGE) for _ in range(2)]
    with filled(storage, spare_bytes=16 * 1024):  # a probe fits
        worker.process.send_signal(signal.SIGCONT)
        wait_until(
            lambda: worker.logged().count("job.released") >= 3, "they come round", worker.logged
        )
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    assert {job["attempts"] for job in read(client, ids)} == {1}
    assert has_no_temporary_files(storage)
