"""A client of a running gateway, and what the API shows of a job."""

import shutil
import ssl
from pathlib import Path
from typing import Any

import httpx

from imagemill.jobs.job import ENDED
from support.conformance import conforms
from support.process import wait_until

Json = dict[str, Any]

END_SECONDS = 60.0

# No test speaks TLS, and a client that loads the system's certificates takes 20 ms of CPU to make.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def client_of(url: str, timeout: float = 30) -> httpx.Client:
    """Return a client that fails on answers which the OpenAPI document does not describe."""
    return httpx.Client(
        base_url=url,
        timeout=timeout,
        event_hooks={"response": [conforms]},
        verify=NO_CERTIFICATES,
    )


def plain_client(url: str, timeout: float = 30) -> httpx.Client:
    """Return a client that is content with any answer."""
    return httpx.Client(base_url=url, timeout=timeout, verify=NO_CERTIFICATES)


def upload(client: httpx.Client, content: bytes, **fields: str) -> str:
    answer = client.post("/upload", files={"file": ("x.jpg", content)}, data=fields)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return str(answer.json()["id"])


def wait_for_end(client: httpx.Client, job_id: str, seconds: float | None = None) -> Json:
    """Return the job once its status is final, which takes END_SECONDS at most."""
    job: Json = {}

    def has_ended() -> bool:
        job.clear()
        job.update(client.get(f"/jobs/{job_id}").json())
        return job["status"] in ENDED

    wait_until(has_ended, f"job {job_id} ends", lambda: str(job), seconds or END_SECONDS)
    return job


def status_history(client: httpx.Client, job_id: str) -> list[str]:
    events = client.get(f"/jobs/{job_id}/history").json()["events"]
    return [event["status"] for event in events]


def has_no_temporary_files(storage: Path) -> bool:
    """Whether no unfinished file is left; a running worker keeps its empty folders there."""
    return not any(path.is_file() for path in (storage / "tmp").rglob("*"))


def delete_stored_files(storage: Path) -> None:
    """Delete every file in the storage of services that are idle."""
    for folder in storage.iterdir():
        if folder.name != "tmp":
            shutil.rmtree(folder)
    for file in (storage / "tmp").rglob("*"):  # its folders belong to services that run
        if file.is_file():
            file.unlink()


def storage_of(environment: dict[str, str]) -> Path:
    return Path(environment["STORAGE_URL"].removeprefix("file://"))
