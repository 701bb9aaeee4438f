"""Does something until PostgreSQL lets it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from imagemill.postgres.pool import DatabaseUnavailable

log = structlog.get_logger()

R = TypeVar("R")

FIRST_DELAY_SECONDS: Final = 0.1
LONGEST_DELAY_SECONDS: Final = 5.0


async def retry_until_available(action: Callable[[], Awaitable[R]]) -> R:
    """Return what the action returns, however long PostgreSQL is away.

    The end of an attempt must be written down: an absent database is no failure of a job. The
    action has to be safe to repeat.
    """
    delay = FIRST_DELAY_SECONDS
    while True:
        try:
            return await action()
        except DatabaseUnavailable as error:
            log.warning("postgres.unavailable", reason=str(error), next_try_seconds=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)
