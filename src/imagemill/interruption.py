"""Ctrl-C and SIGTERM: the work is left in good order instead of being cut off."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Interruption:
    """Which signal ended the block; None when it came to its own end."""

    by: signal.Signals | None = None


@contextmanager
def stopped_by_signals(
    first: Callable[[], None], again: Callable[[], None] = lambda: None
) -> Iterator[Interruption]:
    """Leave the block, everything in it closed, at the first SIGINT or SIGTERM.

    `first` is called then, `again` at each further signal: somebody finds the closing too slow.
    """
    loop, block = asyncio.get_running_loop(), asyncio.current_task()
    if block is None:
        raise AssertionError("a running loop without a task")
    interruption = Interruption()

    def stop(which: signal.Signals) -> None:
        if interruption.by is not None:
            again()
            return
        interruption.by = which
        block.cancel()
        first()

    for which in STOP_SIGNALS:
        loop.add_signal_handler(which, stop, which)
    try:
        yield interruption
    except asyncio.CancelledError:
        if interruption.by is None:
            raise
        block.uncancel()
    finally:
        for which in STOP_SIGNALS:
            loop.remove_signal_handler(which)
