"""Signs what is sent, as Standard Webhooks say (github.com/standard-webhooks/standard-webhooks)."""

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
class Signing:
    """Signs by every secret, so that a receiver who knows one of them is content."""

    postgres: Postgres
    chosen: SecretStr
    _secrets: tuple[str, ...] = ()

    async def headers(self, webhook_id: str, now: datetime, body: str) -> dict[str, str]:
        """Return the headers of a try that is made `now`, in UTC. Raises DatabaseUnavailable."""
        if not self._secrets:
            self._secrets = await webhook_secrets(self.postgres, self.chosen)
        signatures = [Webhook(secret).sign(webhook_id, now, body) for secret in self._secrets]
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


async def webhook_secrets(postgres: Postgres, chosen: SecretStr) -> tuple[str, ...]:
    """Return the secrets of the operator's choice, or else the one that is kept for all services.

    Raises DatabaseUnavailable when it is to be asked for and PostgreSQL is away.
    """
    if secrets := chosen.get_secret_value().split():
        return tuple(secrets)
    kept = await load_shared_secret(postgres, NAME)
    return (PREFIX + base64.b64encode(kept).decode("ascii"),)
