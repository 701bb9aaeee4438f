"""Periodic tasks: loops that no failure of the task ends, and waits that an event ends."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Never, TypeVar

import structlog

from imagemill.errors import Unavailable

T = TypeVar("T")

log = structlog.get_logger()

MAX_PAUSE_SECONDS: Final = 60.0
# redis-py swallows a cancellation that meets it as it takes up an idle connection.
CANCEL_AGAIN_SECONDS: Final = 0.05


# Called with the name of a task after each of its runs: with the error, or None for a success.
Report = Callable[[str, Exception | None], None]


def report_nothing(name: str, error: Exception | None) -> None:
    """Do nothing; the default `report`."""


async def run_periodically(
    name: str,
    action: Callable[[], Awaitable[object]],
    pause_seconds: tuple[float, float],
    report: Report = report_nothing,
    max_pause_seconds: float = MAX_PAUSE_SECONDS,
) -> Never:
    """Call the action again and again, after a pause of random length each time.

    While it raises Unavailable the pauses grow, and only the first failure is logged, unless the
    outage was logged already. Any other error is a bug: logged each time, and it ends neither the
    loop nor the process. The result of each run goes to `report`.
    """
    failures, resumed = 0, log.info
    while True:
        usual = random.uniform(*pause_seconds)  # noqa: S311 - no secret
        await asyncio.sleep(pause_after(failures, usual, max_pause_seconds))
        try:
            await action()
        except Unavailable as error:
            report(name, error)
            if not failures:
                postponed = log.debug if error.is_logged else log.warning
                postponed("periodic_task.postponed", task=name, reason=str(error))
                resumed = log.debug if error.is_logged else log.info
            failures += 1
        except Exception as error:
            report(name, error)
            log.exception("periodic_task.bug", task=name)
            failures, resumed = failures + 1, log.info
        else:
            report(name, None)
            if failures:
                resumed("periodic_task.resumed", task=name)
            failures = 0


def pause_after(failures: int, usual: float, longest: float = MAX_PAUSE_SECONDS) -> float:
    """Return the pause after this many failures in a row, in seconds: `usual` after none.

    It doubles with each failure, up to `longest`, or `usual` where that is longer.
    """
    # 2**6 times a second is past a minute already; much more would overflow a float.
    return min(usual * 2.0 ** min(failures, 6), max(usual, longest))


async def sleep_unless(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, at most until `stopping` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


async def run_unless(stopping: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work returns; None if `stopping` is set first, which cancels the work."""
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        stopped.cancel()
        while not working.done():
            working.cancel()
            await asyncio.wait({working}, timeout=CANCEL_AGAIN_SECONDS)
        if not working.cancelled():
            working.exception()  # or one that came after `stopping` would be logged as unread
