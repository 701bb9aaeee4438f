"""The command `imagemill webhook-secret`."""

import asyncio

from imagemill.postgres.pool import Postgres
from imagemill.settings import Settings
from imagemill.webhooks.signing import load_webhook_secrets


def read_secrets(settings: Settings) -> tuple[str, ...]:
    """Return the secrets that webhooks are signed with; creates one if there is none.

    Raises DatabaseUnavailable.
    """
    return asyncio.run(_read(settings))


async def _read(settings: Settings) -> tuple[str, ...]:
    async with Postgres.open(settings.postgres, pool_size=1) as postgres:
        return await load_webhook_secrets(postgres, settings.webhook_secret)
