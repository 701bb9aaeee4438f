"""The command `imagemill up`: the stack, until somebody says stop."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console

from imagemill.embedded.stack import Commands, Stack, run_stack

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

READY: Final = """
imagemill is ready at {url}

  API documents   {url}/docs
  PostgreSQL      psql {postgres}
  Valkey          valkey-cli -u {valkey}
  Data            {folder}

Ctrl-C stops it; the data stay.
"""


async def up(data: Path, host: str, port: int, commands: Commands | None = None) -> int:
    """Run everything until SIGINT or SIGTERM, and return the exit status.

    Raises EmbeddedError when the stack does not start, or a service of it never comes to life.
    """
    with _stopped_by_signals():
        async with run_stack(data, host, port, commands=commands, tell=_say) as stack:
            _say(_describe(stack))
            await asyncio.Event().wait()
    return 0


def _describe(stack: Stack) -> str:
    return READY.format(
        url=stack.url, postgres=stack.postgres.uri, valkey=stack.valkey.uri, folder=stack.folder
    )


def _say(line: str) -> None:
    # Not folded and not coloured: an address is there to be copied, by hand or by a script.
    Console().print(line, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Leave the block, in good order, at the first signal; kill all children at the second."""
    loop, block = asyncio.get_running_loop(), asyncio.current_task()
    if block is None:
        raise AssertionError("a running loop without a task")
    is_stopping = False

    def stop() -> None:
        nonlocal is_stopping
        if is_stopping:
            _kill_children()
            return
        is_stopping = True
        block.cancel()
        _say("Stopping …")

    for which in STOP_SIGNALS:
        loop.add_signal_handler(which, stop)
    try:
        yield
    except asyncio.CancelledError:
        if not is_stopping:
            raise
        block.uncancel()
    finally:
        for which in STOP_SIGNALS:
            loop.remove_signal_handler(which)


def _kill_children() -> None:
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
