"""Cancellation on SIGINT and SIGTERM, so that what is open is closed before the process ends."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIGINT, SIGTERM, Signals
from typing import Final

STOP_SIGNALS: Final = (SIGINT, SIGTERM)


@dataclass(slots=True)
class Interruption:
    """The signal that ended the block; None when the block ended by itself."""

    signal: Signals | None = None


@contextmanager
def cancel_on_signal(
    on_first: Callable[[], None], on_further: Callable[[], None] = lambda: None
) -> Iterator[Interruption]:
    """Cancel the block at the first SIGINT or SIGTERM, and continue after it.

    `on_first` is called at that signal, `on_further` at each later one.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:
        raise AssertionError("a running loop without a task")
    interruption = Interruption()

    def stop(received: Signals) -> None:
        if interruption.signal is not None:
            on_further()
            return
        interruption.signal = received
        task.cancel()
        on_first()

    for each in STOP_SIGNALS:
        loop.add_signal_handler(each, stop, each)
    try:
        yield interruption
    except asyncio.CancelledError:
        if interruption.signal is None:
            raise
        task.uncancel()
    finally:
        for each in STOP_SIGNALS:
            loop.remove_signal_handler(each)
