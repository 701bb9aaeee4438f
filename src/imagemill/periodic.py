"""Periodic tasks: loops that no failure of the task ends, and a sleep that an event ends."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Never

import structlog

from imagemill.errors import Unavailable

log = structlog.get_logger()

MAX_PAUSE_SECONDS: Final = 60.0


async def run_periodically(
    name: str, action: Callable[[], Awaitable[object]], pause_seconds: tuple[float, float]
) -> Never:
    """Call the action again and again, after a pause of random length each time.

    While it raises Unavailable the pauses grow, and only the first failure is logged, unless the
    outage was logged already. Any other error is a bug: logged each time, and it ends neither the
    loop nor the process.
    """
    failures, resumed = 0, log.info
    while True:
        usual = random.uniform(*pause_seconds)  # noqa: S311 - no secret
        await asyncio.sleep(pause_after(failures, usual))
        try:
            await action()
        except Unavailable as error:
            if not failures:
                postponed = log.debug if error.is_logged else log.warning
                postponed("periodic_task.postponed", task=name, reason=str(error))
                resumed = log.debug if error.is_logged else log.info
            failures += 1
        except Exception:
            log.exception("periodic_task.bug", task=name)
            failures, resumed = failures + 1, log.info
        else:
            if failures:
                resumed("periodic_task.resumed", task=name)
            failures = 0


def pause_after(failures: int, usual: float) -> float:
    """Return the pause after this many failures in a row, in seconds: `usual` after none.

    It doubles with each failure, up to a minute, or `usual` where that is longer.
    """
    # 2**6 times a second is past a minute already; much more would overflow a float.
    return min(usual * 2.0 ** min(failures, 6), max(usual, MAX_PAUSE_SECONDS))


async def sleep_unless(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, at most until `stopping` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
