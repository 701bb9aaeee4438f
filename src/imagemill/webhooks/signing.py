"""Signatures as Standard Webhooks specifies (github.com/standard-webhooks/standard-webhooks)."""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import SecretStr
from standardwebhooks import Webhook

from imagemill.postgres.pool import Postgres
from imagemill.postgres.shared_secrets import load_shared_secret

PREFIX: Final = "whsec_"
NAME: Final = "webhook"


@dataclass(slots=True, repr=False)
class Signer:
    """Signs with each of the secrets, so that receivers can change from one to another."""

    postgres: Postgres
    configured: SecretStr
    _secrets: tuple[str, ...] = ()

    async def sign(self, webhook_id: str, now: datetime, body: str) -> dict[str, str]:
        """Return the headers of a try made `now`, in UTC. Raises DatabaseUnavailable."""
        if not self._secrets:
            self._secrets = await load_webhook_secrets(self.postgres, self.configured)
        signatures = [Webhook(secret).sign(webhook_id, now, body) for secret in self._secrets]
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


async def load_webhook_secrets(postgres: Postgres, configured: SecretStr) -> tuple[str, ...]:
    """Return the configured secrets or, without any, the one in the table `secrets`.

    Raises DatabaseUnavailable.
    """
    if secrets := configured.get_secret_value().split():
        return tuple(secrets)
    secret = await load_shared_secret(postgres, NAME)
    return (PREFIX + base64.b64encode(secret).decode("ascii"),)
