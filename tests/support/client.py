"""A client of a running gateway, and what it can see from outside."""

from pathlib import Path
from typing import Any

import httpx

from imagemill.jobs.job import ENDED
from support.conformance import conforms
from support.process import wait_until

Json = dict[str, Any]


def client_of(url: str, timeout: float = 5) -> httpx.Client:
    """Return a client that fails on answers which the OpenAPI document does not describe."""
    return httpx.Client(base_url=url, timeout=timeout, event_hooks={"response": [conforms]})


def upload(client: httpx.Client, content: bytes, **fields: str) -> str:
    answer = client.post("/upload", files={"file": ("x.jpg", content)}, data=fields)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return str(answer.json()["id"])


def ended(client: httpx.Client, job_id: str, seconds: float = 60) -> Json:
    """Return the job once it has ended."""
    wait_until(
        lambda: client.get(f"/jobs/{job_id}").json()["status"] in ENDED,
        f"job {job_id} ends",
        lambda: client.get(f"/jobs/{job_id}").text,
        seconds,
    )
    return dict(client.get(f"/jobs/{job_id}").json())


def changes(client: httpx.Client, job_id: str) -> list[str]:
    events = client.get(f"/jobs/{job_id}/history").json()["events"]
    return [event["status"] for event in events]


def no_leftovers(storage: Path) -> bool:
    """Whether no unfinished file is left; a worker that lives has its empty folders there."""
    return not any(path.is_file() for path in (storage / "tmp").rglob("*"))


def storage_of(environment: dict[str, str]) -> Path:
    return Path(environment["STORAGE_URL"].removeprefix("file://"))
