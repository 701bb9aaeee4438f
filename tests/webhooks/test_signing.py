"""Webhooks verify with the library that receivers use, by each of the secrets."""

import asyncio
import base64
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from imagemill.postgres.pool import Postgres
from imagemill.postgres.shared_secrets import load_shared_secret
from imagemill.webhooks.signing import Signer

OLD, NEW, OTHER = (
    "whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n", b"x")
)
BODY = '{"a": "ü"}'


async def test_while_a_secret_is_changed_both_verify_and_no_other(pool: Postgres) -> None:
    signer = Signer(pool, SecretStr(f"{NEW} {OLD}"))
    headers = await signer.sign("msg_1", datetime.now(UTC), BODY)
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(BODY, headers) == {"a": "ü"}
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY.replace("ü", "u"), headers)


async def test_without_a_secret_all_sign_with_a_stored_one(pool: Postgres) -> None:
    first, second = [
        await Signer(pool, SecretStr("")).sign("msg_1", datetime(2026, 1, 1, tzinfo=UTC), BODY)
        for _ in range(2)
    ]
    assert first == second


async def test_no_representation_contains_a_secret(pool: Postgres) -> None:
    signer = Signer(pool, SecretStr(NEW))
    await signer.sign("msg_1", datetime.now(UTC), BODY)
    assert NEW not in repr(signer)


async def test_a_stored_secret_is_created_once_by_concurrent_readers(pool: Postgres) -> None:
    name = f"of {datetime.now(UTC)}"
    made = await asyncio.gather(*(load_shared_secret(pool, name) for _ in range(8)))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await load_shared_secret(pool, "another") != made[0]
