"""Repetition of a statement until PostgreSQL is available."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from imagemill.postgres.pool import DatabaseUnavailable

log = structlog.get_logger()

R = TypeVar("R")

MIN_DELAY_SECONDS: Final = 0.1
MAX_DELAY_SECONDS: Final = 5.0


async def retry_until_available(action: Callable[[], Awaitable[R]]) -> R:
    """Return what the action returns, calling it again until PostgreSQL is available.

    For results that must be recorded: an unavailable database does not fail a job. The action must
    be safe to repeat. The delay between two calls doubles from 0.1 to 5 seconds.
    """
    delay = MIN_DELAY_SECONDS
    while True:
        try:
            return await action()
        except DatabaseUnavailable as error:
            log.debug("statement.postponed", reason=str(error), next_try_seconds=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, MAX_DELAY_SECONDS)
