"""Blocking functions in threads, off the event loop, for which even a canceled caller waits."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def run_in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run the function in a thread and return what it returns.

    A caller that is canceled still waits for the thread, so that no file is closed or deleted
    while a thread writes to it.
    """
    # What asyncio.to_thread does, without a task for it.
    call = partial(copy_context().run, function, *args, **kwargs)
    return await wait_despite_cancel(asyncio.get_running_loop().run_in_executor(None, call))


async def wait_despite_cancel(work: asyncio.Future[R]) -> R:
    """Return the result of the work. A caller that is canceled still waits for its end."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        if not work.cancelled():
            work.exception()  # the caller cannot handle it any more
        raise
