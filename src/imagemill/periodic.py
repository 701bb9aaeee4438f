"""Keeps doing something that must neither stop nor stop the worker."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, Never

import structlog

from imagemill.errors import Unavailable

log = structlog.get_logger()

LONGEST_PAUSE_SECONDS: Final = 60.0


async def run_periodically(
    name: str, action: Callable[[], Awaitable[object]], pause_seconds: tuple[float, float]
) -> Never:
    """Do it again and again, with a pause of random length in between.

    A neighbour that is away is logged once, and waited for with growing pauses. A bug is logged
    each time: a house that is not kept must not end the processing of jobs.
    """
    failures = 0
    while True:
        usual = random.uniform(*pause_seconds)  # noqa: S311 - no secret
        await asyncio.sleep(pause_after(failures, usual))
        try:
            await action()
        except Unavailable as error:
            if not failures:
                log.warning("chore.put_off", chore=name, reason=str(error))
            failures += 1
        except Exception:
            log.exception("chore.bug", chore=name)
            failures += 1
        else:
            if failures:
                log.info("chore.resumed", chore=name)
            failures = 0


def pause_after(failures: int, usual: float) -> float:
    """Return how many seconds to wait after so many failures in a row, where `usual` is none."""
    # 2**6 times a second is past a minute already; much more would overflow a float.
    return min(usual * 2.0 ** min(failures, 6), max(usual, LONGEST_PAUSE_SECONDS))
