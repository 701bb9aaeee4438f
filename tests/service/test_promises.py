"""What the services hold to when memory, storage or PostgreSQL run short."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

from conftest import Gateway
from imagemill.jobs.job import ENDED
from support.pictures import picture
from support.process import running_api, running_worker, wait_until

MEBIBYTE = 1024 * 1024


def status(client: httpx.Client, job_id: str) -> str:
    return str(client.get(f"/jobs/{job_id}").json()["status"])


def body(size: int) -> Iterator[bytes]:
    head = picture()
    yield head
    for _ in range(0, size - len(head), 65536):
        yield bytes(65536)


def test_an_upload_of_fifty_mebibytes_takes_less_than_ten_of_memory(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with running_api(environment, tmp_path / "api.log") as (service, url):
        address = urlsplit(url)
        process = psutil.Process(service.pid)
        httpx.post(
            f"{url}/upload", files={"file": ("x.jpg", picture())}, timeout=30
        )  # warms everything up
        before, highest = process.memory_info().rss, 0
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        connection.putrequest("POST", "/upload")
        connection.putheader("Content-Type", "image/jpeg")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for chunk in body(50 * MEBIBYTE - 65536):
            connection.send(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            highest = max(highest, process.memory_info().rss)
        connection.send(b"0\r\n\r\n")
        assert connection.getresponse().status == httpx.codes.ACCEPTED
        connection.close()
    assert highest - before < 10 * MEBIBYTE


def test_a_job_whose_storage_is_away_waits_and_uses_no_attempt(
    gateway: Gateway, tmp_path: Path
) -> None:
    client, storage = gateway.client, gateway.storage
    mount = tmp_path / "mount"
    mount.symlink_to(storage)
    of_worker = gateway.environment | {"STORAGE_URL": mount.as_uri()}
    with running_worker(of_worker, tmp_path / "worker.log", "--concurrency", "1") as worker:
        mount.unlink()  # as if the volume were unmounted
        answer = client.post("/upload", files={"file": ("x.jpg", picture())})
        job_id = answer.json()["id"]
        wait_until(lambda: "job.released" in worker.logged(), "the job is given back")
        wait_until(lambda: status(client, job_id) == "PENDING", "the job waits")
        mount.symlink_to(storage)
        wait_until(lambda: status(client, job_id) in ENDED, "the job ends", worker.logged)
        job = client.get(f"/jobs/{job_id}").json()
    assert (job["status"], job["attempts"]) == ("COMPLETED", 1)
