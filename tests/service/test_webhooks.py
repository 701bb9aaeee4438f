"""Webhooks end to end: real services, a real receiver, the library that receivers verify with."""

import base64
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from imagemill.addresses import PostgresAddress
from support.client import ended, upload
from support.pictures import picture
from support.process import running_api, running_worker, wait_until
from support.receiver import Received, always, receiving
from support.servers import connect

Json = dict[str, Any]

OLD, NEW = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
OK = always(204)


@pytest.fixture
def mill(environment: dict[str, str]) -> dict[str, str]:
    """What services are told that may call this machine, and try again at once."""
    return environment | {
        "WEBHOOK_SECRET": NEW,
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "WEBHOOK_SCHEDULE_SECONDS": ",".join(["0.2"] * 9),
    }


@pytest.fixture
def client(mill: dict[str, str], tmp_path: Path, stack: ExitStack) -> httpx.Client:
    _, url = stack.enter_context(running_api(mill, tmp_path / "api.log"))
    return stack.enter_context(httpx.Client(base_url=url, timeout=30))


def verified(received: Received, secret: str = NEW) -> Json:
    """Return the body, if it was signed by the secret."""
    return dict(Webhook(secret).verify(received.body, received.headers))


def deliveries(client: httpx.Client, job_id: str) -> list[Json]:
    return list(client.get(f"/jobs/{job_id}/deliveries").json()["deliveries"])


def settled(client: httpx.Client, job_id: str, n: int = 1) -> Json:
    """Return the delivery once it is no longer PENDING."""
    wait_until(
        lambda: (
            len(deliveries(client, job_id)) >= n
            and deliveries(client, job_id)[n - 1]["status"] != "PENDING"
        ),
        "the delivery settles",
        lambda: json.dumps(deliveries(client, job_id)),
    )
    return deliveries(client, job_id)[n - 1]


def make_due(postgres: PostgresAddress) -> None:
    """Let every hold and every wait be over."""
    with connect(postgres) as connection:
        connection.execute("UPDATE deliveries SET next_try_at = now() WHERE status = 'PENDING'")


def test_the_end_of_a_job_is_told_signed_and_as_the_api_shows_it(
    mill: dict[str, str], client: httpx.Client, tmp_path: Path, stack: ExitStack
) -> None:
    receiver = stack.enter_context(receiving(OK))
    stack.enter_context(running_worker(mill, tmp_path / "worker.log"))
    job_id = upload(client, picture(), callback_url=receiver.url, metadata='{"z": 1, "a": "ü"}')
    received = receiver.next()
    told = verified(received)
    job = ended(client, job_id)
    assert told == {"type": "job.completed", "timestamp": job["completed_at"], "data": job}
    assert list(told["data"]["metadata"]) == ["z", "a"]
    assert (received.path, received.headers["content-type"]) == ("/hook", "application/json")
    delivery = settled(client, job_id)
    assert delivery == {
        "n": 1,
        "event": "job.completed",
        "url": receiver.url,
        "webhook_id": received.headers["webhook-id"],
        "status": "DELIVERED",
        "tries": 1,
        "last_status_code": 204,
        "last_error": None,
        "next_try_at": None,
        "delivered_at": delivery["delivered_at"],
    }
