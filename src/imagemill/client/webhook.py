"""Verification of webhooks, as Standard Webhooks specifies their signatures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from imagemill.client.errors import InvalidWebhook
from imagemill.client.models import Job, Model


class WebhookEvent(Model):
    """The end of a job. The same `id` may arrive twice: remember those that you have processed."""

    id: str
    type: Literal["job.completed", "job.failed", "job.canceled"]
    timestamp: datetime
    job: Job


class _Body(Model):
    type: Literal["job.completed", "job.failed", "job.canceled"]
    timestamp: datetime
    data: Job


def verify_webhook(body: bytes, headers: Mapping[str, str], secret: str) -> WebhookEvent:
    """Return the event, if the message was signed by the secret within the last five minutes.

    `body` has to be the bytes as they were received; the names in `headers` may have any case.
    `secret` is what `imagemill webhook-secret` prints. Several, separated by spaces, are accepted
    while it is rotated. Raises InvalidWebhook; ValueError when a secret is malformed.
    """
    secrets = [Webhook(one) for one in secret.split()]
    if not secrets:
        raise ValueError("There is no secret to verify webhooks with.")
    if not any(_is_signed_by(one, body, headers) for one in secrets):
        raise InvalidWebhook("The signature of the webhook is wrong, or it is too old.")
    try:
        event = _Body.model_validate_json(body)
    except ValidationError as error:
        raise InvalidWebhook("The message is signed, but is none of imagemill's.") from error
    webhook_id = {name.lower(): value for name, value in headers.items()}["webhook-id"]
    return WebhookEvent(id=webhook_id, type=event.type, timestamp=event.timestamp, job=event.data)


def _is_signed_by(secret: Webhook, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        secret.verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # a header, or a body, that is malformed
        return False
    return True
