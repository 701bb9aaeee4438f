"""Whatever fails between the end of a job and its receiver, the end is told, by one message."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.client import upload, wait_for_end
from support.deliveries import deliveries, make_due, wait_for_delivery
from support.failpoints import wait_for_failpoint, with_failpoint
from support.pictures import picture
from support.process import free_port, running_api, running_worker, wait_until
from support.proxy import CLOSED, OPEN, Proxy
from support.receiver import Received, Receiver, always, receiving

OK = always(204)


@pytest.fixture(scope="module")
def shared(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What services are told that may call this machine, and try again and again in a moment."""
    return addresses | {
        "STORAGE_URL": (tmp_path_factory.mktemp("mill") / "storage").as_uri(),
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "WEBHOOK_SCHEDULE_SECONDS": ",".join(["0.2"] * 99),
    }


@pytest.fixture(scope="module")
def client(
    shared: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    with (
        running_api(shared, tmp_path_factory.mktemp("logs") / "api.log") as (_, url),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield client


@pytest.fixture
def mill(
    shared: dict[str, str],
    postgres_address: PostgresAddress,  # noqa: ARG001 - empties the ledger
    redis_address: RedisAddress,  # noqa: ARG001 - empties the line
) -> dict[str, str]:
    """The same, with no job yet."""
    return shared


def message(received: Received) -> tuple[str, bytes]:
    """Return what has to be the same however often it is sent."""
    return received.headers["webhook-id"], received.body


def messages(receiver: Receiver) -> set[tuple[str, bytes]]:
    """Return the different messages of all that was received until now."""
    return {message(receiver.next()) for _ in range(receiver.count)}


@pytest.mark.parametrize("name", ["results.recorded", "deliveries.claimed", "delivery.answered"])
def test_an_end_is_told_whenever_its_worker_is_killed(
    mill: dict[str, str],
    client: httpx.Client,
    postgres_address: PostgresAddress,
    tmp_path: Path,
    stack: ExitStack,
    name: str,
) -> None:
    receiver = stack.enter_context(receiving(OK))
    victim = stack.enter_context(
        running_worker(with_failpoint(mill, name, "kill"), tmp_path / "victim.log")
    )
    job_id = upload(client, picture(), callback_url=receiver.url)
    wait_for_failpoint(victim, name, "kill", postgres_address)
    make_due(postgres_address)  # as it would be when the hold of a minute is over
    stack.enter_context(running_worker(mill, tmp_path / "other.log"))
    assert wait_for_delivery(client, job_id)["status"] == "DELIVERED"
    assert len(messages(receiver)) == 1


@pytest.mark.parametrize(
    "moment",
    [
        ("deliveries.claimed", "error"),
        ("delivery.answered", "error"),
        ("delivery.answered", "cut"),
    ],
)
def test_an_end_is_told_whatever_its_worker_survives(
    mill: dict[str, str],
    client: httpx.Client,
    postgres_address: PostgresAddress,
    tmp_path: Path,
    stack: ExitStack,
    moment: tuple[str, str],
) -> None:
    receiver = stack.enter_context(receiving(OK))
    worker = stack.enter_context(
        running_worker(with_failpoint(mill, *moment), tmp_path / "worker.log")
    )
    job_id = upload(client, picture(), callback_url=receiver.url)
    wait_for_failpoint(worker, *moment, postgres_address)
    make_due(postgres_address)
    assert wait_for_delivery(client, job_id)["status"] == "DELIVERED"
    assert len(messages(receiver)) == 1


def test_a_worker_that_dies_while_it_sends_leaves_the_message_to_another(
    mill: dict[str, str],
    client: httpx.Client,
    postgres_address: PostgresAddress,
    tmp_path: Path,
    stack: ExitStack,
) -> None:
    receiver = stack.enter_context(receiving())
    victim = stack.enter_context(running_worker(mill, tmp_path / "victim.log"))
    job_id = upload(client, picture(), callback_url=receiver.url)
    first = receiver.next()
    victim.kill()
    receiver.released.set()
    make_due(postgres_address)
    stack.enter_context(running_worker(mill, tmp_path / "other.log"))
    assert message(receiver.next()) == message(first)
    delivery = wait_for_delivery(client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("DELIVERED", 2)


def test_an_end_is_told_though_the_gateway_that_made_it_is_gone(
    mill: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    receiver = stack.enter_context(receiving(OK))
    with (
        running_api(mill, tmp_path / "api.log") as (gateway, url),
        httpx.Client(base_url=url) as client,
    ):
        job_id = upload(client, picture(), callback_url=receiver.url)
        client.post(f"/jobs/{job_id}/cancel")
        gateway.kill()
    stack.enter_context(running_worker(mill, tmp_path / "worker.log"))
    assert job_id.encode() in receiver.next().body


def test_what_a_receiver_missed_while_it_was_down_comes_when_it_is_back(
    mill: dict[str, str], client: httpx.Client, tmp_path: Path, stack: ExitStack
) -> None:
    port = free_port()
    stack.enter_context(running_worker(mill, tmp_path / "worker.log"))
    url = f"http://127.0.0.1:{port}/hook"
    ids = [upload(client, picture(), callback_url=url) for _ in range(3)]

    def were_tried() -> bool:
        return all(one["tries"] > 1 for job_id in ids for one in deliveries(client, job_id))

    for job_id in ids:
        wait_for_end(client, job_id)
    wait_until(were_tried, "all were tried in vain")
    receiver = stack.enter_context(receiving(OK, port))
    assert {wait_for_delivery(client, job_id)["status"] for job_id in ids} == {"DELIVERED"}
    assert len(messages(receiver)) == 3


def test_a_worker_that_is_told_to_stop_gives_back_what_it_sends(
    mill: dict[str, str], client: httpx.Client, tmp_path: Path, stack: ExitStack
) -> None:
    receiver = stack.enter_context(receiving())
    hurried = mill | {"SHUTDOWN_GRACE_SECONDS": "0"}
    worker = stack.enter_context(running_worker(hurried, tmp_path / "worker.log"))
    job_id = upload(client, picture(), callback_url=receiver.url)
    receiver.next()
    assert worker.stop() == 0
    (delivery,) = deliveries(client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("PENDING", 0)


def test_what_was_answered_while_postgres_was_away_is_recorded_when_it_is_back(
    mill: dict[str, str],
    client: httpx.Client,
    to_postgres: Proxy,
    tmp_path: Path,
    stack: ExitStack,
) -> None:
    receiver = stack.enter_context(receiving())
    through = mill | {"PG_PORT": str(to_postgres.port)}
    worker = stack.enter_context(running_worker(through, tmp_path / "worker.log"))
    job_id = upload(client, picture(), callback_url=receiver.url)
    receiver.next()
    to_postgres.become(CLOSED)
    receiver.released.set()
    wait_until(lambda: "postgres.unavailable" in worker.logged(), "it is missed", worker.logged)
    to_postgres.become(OPEN)
    delivery = wait_for_delivery(client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("DELIVERED", 1)


def test_an_address_that_is_not_public_is_refused_by_the_worker_too(
    mill: dict[str, str], client: httpx.Client, tmp_path: Path, stack: ExitStack
) -> None:
    receiver = stack.enter_context(receiving(OK))
    strict = mill | {"WEBHOOK_ALLOW_PRIVATE": "false", "WEBHOOK_SCHEDULE_SECONDS": "0"}
    stack.enter_context(running_worker(strict, tmp_path / "worker.log"))
    job_id = upload(client, picture(), callback_url=f"http://localhost:{receiver.port}/")
    delivery = wait_for_delivery(client, job_id)
    assert (delivery["status"], delivery["tries"], receiver.count) == ("FAILED", 2, 0)
    assert delivery["last_error"] == "localhost resolves to an address that is not public."
