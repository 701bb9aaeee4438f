"""Webhooks end to end: real services, a real receiver, the library that receivers verify with."""

import base64
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from standardwebhooks import Webhook

from support.client import Json, upload, wait_for_end
from support.deliveries import deliveries, wait_for_delivery
from support.pictures import picture
from support.process import PROGRAM, Service, running_api, running_worker
from support.receiver import Received, always, in_turn, receiving

OK = always(204)
BROKEN = picture()[:200]


@pytest.fixture(scope="module")
def services_environment(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Settings of services that may call this machine, and try three times within a moment."""
    return addresses | {
        "STORAGE_URL": (tmp_path_factory.mktemp("webhooks") / "storage").as_uri(),
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "WEBHOOK_SCHEDULE_SECONDS": "0.2,0.2",
    }


@pytest.fixture(scope="module")
def worker(
    services_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A worker that sends webhooks."""
    log = tmp_path_factory.mktemp("logs") / "worker.log"
    with running_worker(services_environment, log, "--concurrency", "1") as worker:
        yield worker
        assert "bug" not in worker.logged()
        assert "whsec_" not in worker.logged()


@pytest.fixture(scope="module")
def client(
    services_environment: dict[str, str],
    worker: Service,  # noqa: ARG001 - works beside it
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    """A client of a gateway, beside the worker."""
    log = tmp_path_factory.mktemp("logs") / "api.log"
    with (
        running_api(services_environment, log) as (_, url),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def secret(services_environment: dict[str, str]) -> str:
    """The secret that `imagemill webhook-secret` prints for receivers."""
    return subprocess.run(
        [*PROGRAM, "webhook-secret"],
        env={"PATH": os.environ["PATH"], **services_environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def verified(received: Received, secret: str) -> Json:
    """Return the body, if it was signed by the secret."""
    return dict(Webhook(secret).verify(received.body, received.headers))


def test_the_end_of_a_job_is_delivered_signed_and_as_the_api_shows_it(
    client: httpx.Client, secret: str, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving(OK))
    job_id = upload(client, picture(), callback_url=receiver.url, metadata='{"z": 1, "a": "ü"}')
    received = receiver.next()
    event = verified(received, secret)
    job = wait_for_end(client, job_id)
    assert event == {"type": "job.completed", "timestamp": job["completed_at"], "data": job}
    assert list(event["data"]["metadata"]) == ["z", "a"]
    assert (received.path, received.headers["content-type"]) == ("/hook", "application/json")
    delivery = wait_for_delivery(client, job_id)
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


def test_a_canceled_job_is_delivered(
    client: httpx.Client, worker: Service, secret: str, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving(OK))
    worker.process.send_signal(signal.SIGSTOP)
    job_id = upload(client, picture(), callback_url=receiver.url)
    job = client.post(f"/jobs/{job_id}/cancel").json()
    worker.process.send_signal(signal.SIGCONT)
    event = verified(receiver.next(), secret)
    assert (event["type"], event["data"]) == ("job.canceled", job)


def test_a_failed_job_is_delivered_each_time_it_fails(
    client: httpx.Client, secret: str, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving(OK))
    job_id = upload(client, BROKEN, callback_url=receiver.url)
    first = receiver.next()
    client.post(f"/jobs/{job_id}/retry")
    second = receiver.next()
    for received in (first, second):
        event = verified(received, secret)
        assert (event["type"], event["data"]["error"]["code"]) == ("job.failed", "invalid_image")
    wait_for_delivery(client, job_id, n=2)
    assert [(one["n"], one["webhook_id"]) for one in deliveries(client, job_id)] == [
        (1, first.headers["webhook-id"]),
        (2, second.headers["webhook-id"]),
    ]
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


def test_what_fails_is_tried_again_with_the_same_id_and_the_same_bytes(
    client: httpx.Client, secret: str, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving(in_turn(500, 302, 204)))
    job_id = upload(client, picture(), callback_url=receiver.url)
    tries = [receiver.next() for _ in range(3)]
    assert len({(one.headers["webhook-id"], one.body) for one in tries}) == 1
    assert all(verified(one, secret) for one in tries)
    delivery = wait_for_delivery(client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("DELIVERED", 3)


def test_after_the_last_try_a_delivery_has_failed_and_can_be_asked_for_again(
    client: httpx.Client, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving(in_turn(500, 500, 503, 500, 200)))
    job_id = upload(client, picture(), callback_url=receiver.url)
    delivery = wait_for_delivery(client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("FAILED", 3)
    assert (delivery["last_status_code"], delivery["next_try_at"]) == (503, None)
    assert delivery["last_error"] == "The receiver answered 503."
    answer = client.post(f"/jobs/{job_id}/deliveries/1/redeliver")
    assert (answer.status_code, answer.json()["status"]) == (202, "PENDING")
    delivery = wait_for_delivery(client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("DELIVERED", 5)
    tries = [receiver.next() for _ in range(5)]
    assert len({(one.headers["webhook-id"], one.body) for one in tries}) == 1


def test_a_receiver_that_is_gone_is_left_alone(client: httpx.Client, exit_stack: ExitStack) -> None:
    receiver = exit_stack.enter_context(receiving(always(410)))
    job_id = upload(client, picture(), callback_url=receiver.url)
    delivery = wait_for_delivery(client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("FAILED", 1)
    assert delivery["last_error"] == "The receiver answered 410 (Gone)."


def test_the_services_share_one_secret_that_nobody_chose(
    services_environment: dict[str, str], secret: str
) -> None:
    again = subprocess.run(
        [*PROGRAM, "webhook-secret"],
        env={"PATH": os.environ["PATH"], **services_environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout == f"{secret}\n"
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32


def test_a_secret_that_the_operator_chose_is_the_one_that_is_printed(
    services_environment: dict[str, str],
) -> None:
    chosen = f"whsec_{'bmV3' * 8} whsec_{'b2xk' * 8}"
    printed = subprocess.run(
        [*PROGRAM, "webhook-secret"],
        env={"PATH": os.environ["PATH"], **services_environment, "WEBHOOK_SECRET": chosen},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.split() == chosen.split()
