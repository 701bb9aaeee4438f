"""A real delivery is verified in one call."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from imagemill.client import InvalidWebhook, verify_webhook
from support.receiver import Received
from support.server import Server

OTHER = f"whsec_{'b3Ro' * 8}"


@pytest.fixture(scope="module")
def secret(server: Server) -> str:
    return server.read_webhook_secret()


@pytest.fixture(scope="module")
def received(server: Server) -> Received:
    return server.receive_webhook()


def test_a_delivery_is_verified_and_read(received: Received, secret: str) -> None:
    event = verify_webhook(received.body, received.headers, secret)
    assert (event.type, event.job.status) == ("job.completed", "COMPLETED")
    assert event.timestamp == event.job.completed_at
    assert event.id == received.headers["webhook-id"]
    shouted = {name.upper(): value for name, value in received.headers.items()}
    assert verify_webhook(received.body, shouted, f"{OTHER} {secret}") == event


def test_a_message_that_was_changed_is_refused(received: Received, secret: str) -> None:
    changed = received.body.replace(b"COMPLETED", b"FAILED")
    for body, headers, key in [
        (changed, received.headers, secret),
        (received.body, received.headers, OTHER),
        (received.body, received.headers | {"webhook-id": "another"}, secret),
        (received.body, received.headers | {"webhook-timestamp": "1"}, secret),
        (received.body, received.headers | {"webhook-signature": "v1"}, secret),
        (received.body, {}, secret),
        (b"\xff", received.headers, secret),
    ]:
        with pytest.raises(InvalidWebhook):
            verify_webhook(body, headers, key)


def test_a_message_is_refused_after_five_minutes(received: Received, secret: str) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=6)
    headers = {
        "webhook-id": "msg",
        "webhook-timestamp": str(int(long_ago.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg", long_ago, received.body.decode()),
    }
    with pytest.raises(InvalidWebhook, match="too old"):
        verify_webhook(received.body, headers, secret)


@pytest.mark.parametrize("body", [b"ping", b'{"type": "ping"}'])
def test_a_message_of_another_program_is_refused_though_it_is_signed(
    body: bytes, secret: str
) -> None:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg", now, body.decode()),
    }
    with pytest.raises(InvalidWebhook, match="none of imagemill's"):
        verify_webhook(body, headers, secret)


@pytest.mark.parametrize("secret", ["", "whsec_a"])
def test_a_secret_that_is_none_is_told(received: Received, secret: str) -> None:
    with pytest.raises(ValueError, match=r"secret|base64|padding"):
        verify_webhook(received.body, received.headers, secret)
