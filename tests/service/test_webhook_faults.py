"""The end of a job is delivered as one message, whatever fails on its way to the receiver."""

from contextlib import ExitStack

import pytest

from support.client import client_of, upload, wait_for_end
from support.deliveries import deliveries, make_due, wait_for_delivery
from support.fault_stack import FaultStack
from support.pictures import picture
from support.process import free_port, wait_until
from support.proxy import CLOSED, OPEN, Proxy
from support.receiver import Received, Receiver, always, receiving

OK = always(204)


def message(received: Received) -> tuple[str, bytes]:
    """Return what has to be the same however often it is sent."""
    return received.headers["webhook-id"], received.body


def messages(receiver: Receiver) -> set[tuple[str, bytes]]:
    """Return the different messages of all that was received until now."""
    return {message(receiver.next()) for _ in range(receiver.count)}


@pytest.mark.parametrize("name", ["results.recorded", "deliveries.claimed", "delivery.answered"])
def test_an_end_is_delivered_whenever_its_worker_is_killed(
    stack: FaultStack, exit_stack: ExitStack, name: str
) -> None:
    receiver = exit_stack.enter_context(receiving(OK))
    victim = stack.start_worker(name, "kill")
    job_id = upload(stack.client, picture(), callback_url=receiver.url)
    stack.wait_for_failpoint(victim, name, "kill")
    make_due(stack.postgres)  # as it would be when the lease of a minute is over
    stack.use_spare_worker()
    assert wait_for_delivery(stack.client, job_id)["status"] == "DELIVERED"
    assert len(messages(receiver)) == 1


@pytest.mark.parametrize(
    "moment",
    [
        ("deliveries.claimed", "error"),
        ("delivery.answered", "error"),
        ("delivery.answered", "cut"),
    ],
)
def test_an_end_is_delivered_whatever_its_worker_survives(
    stack: FaultStack, exit_stack: ExitStack, moment: tuple[str, str]
) -> None:
    receiver = exit_stack.enter_context(receiving(OK))
    worker = stack.start_worker(*moment)
    job_id = upload(stack.client, picture(), callback_url=receiver.url)
    stack.wait_for_failpoint(worker, *moment)
    make_due(stack.postgres)
    assert wait_for_delivery(stack.client, job_id)["status"] == "DELIVERED"
    assert len(messages(receiver)) == 1


def test_a_worker_that_dies_while_it_sends_leaves_the_message_to_another(
    stack: FaultStack, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving())
    victim = stack.start_worker()
    job_id = upload(stack.client, picture(), callback_url=receiver.url)
    first = receiver.next()
    victim.kill()
    receiver.released.set()
    make_due(stack.postgres)
    stack.use_spare_worker()
    assert message(receiver.next()) == message(first)
    delivery = wait_for_delivery(stack.client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("DELIVERED", 2)


def test_an_end_is_delivered_though_the_gateway_that_made_it_is_gone(
    stack: FaultStack, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving(OK))
    gateway, url = stack.start_gateway()
    with client_of(url) as client:
        job_id = upload(client, picture(), callback_url=receiver.url)
        client.post(f"/jobs/{job_id}/cancel")
        gateway.kill()
    stack.use_spare_worker()
    assert job_id.encode() in receiver.next().body


def test_what_a_receiver_missed_while_it_was_down_comes_when_it_is_back(
    stack: FaultStack, exit_stack: ExitStack
) -> None:
    port, client = free_port(), stack.client
    stack.use_spare_worker()
    url = f"http://127.0.0.1:{port}/hook"
    ids = [upload(client, picture(), callback_url=url) for _ in range(3)]

    def were_tried() -> bool:
        return all(one["tries"] > 1 for job_id in ids for one in deliveries(client, job_id))

    for job_id in ids:
        wait_for_end(client, job_id)
    wait_until(were_tried, "all were tried in vain")
    receiver = exit_stack.enter_context(receiving(OK, port))
    assert {wait_for_delivery(client, job_id)["status"] for job_id in ids} == {"DELIVERED"}
    assert len(messages(receiver)) == 3


def test_a_worker_that_gets_sigterm_releases_what_it_sends(
    stack: FaultStack, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving())
    worker = stack.start_worker(SHUTDOWN_GRACE_SECONDS="0")
    job_id = upload(stack.client, picture(), callback_url=receiver.url)
    receiver.next()
    assert worker.stop() == 0
    (delivery,) = deliveries(stack.client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("PENDING", 0)


def test_what_was_answered_while_postgres_was_away_is_recorded_when_it_is_back(
    stack: FaultStack, to_postgres: Proxy, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving())
    worker = stack.start_worker(PG_PORT=str(to_postgres.port))
    job_id = upload(stack.client, picture(), callback_url=receiver.url)
    receiver.next()
    to_postgres.become(CLOSED)
    receiver.released.set()
    wait_until(lambda: "postgres.unavailable" in worker.logged(), "it is missed", worker.logged)
    to_postgres.become(OPEN)
    delivery = wait_for_delivery(stack.client, job_id)
    assert (delivery["status"], delivery["tries"]) == ("DELIVERED", 1)


def test_an_address_that_is_not_public_is_refused_by_the_worker_too(
    stack: FaultStack, exit_stack: ExitStack
) -> None:
    receiver = exit_stack.enter_context(receiving(OK))
    stack.start_worker(WEBHOOK_ALLOW_PRIVATE="false", WEBHOOK_SCHEDULE_SECONDS="0")
    job_id = upload(stack.client, picture(), callback_url=f"http://localhost:{receiver.port}/")
    delivery = wait_for_delivery(stack.client, job_id)
    assert (delivery["status"], delivery["tries"], receiver.count) == ("FAILED", 2, 0)
    assert delivery["last_error"] == "localhost resolves to an address that is not public."
