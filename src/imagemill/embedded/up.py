"""The command `imagemill up`: runs the stack until SIGINT or SIGTERM."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import psutil
from rich.console import Console

from imagemill.embedded.stack import ServiceCommands, Stack, run_stack
from imagemill.formatting import pluralize
from imagemill.interruption import cancel_on_signal

READY: Final = """
imagemill is ready at {url}

  Page            {url}
  API             {url}/docs
  Status          {url}/status
  Worker          {pictures} at once
  PostgreSQL      psql {postgres}
  Valkey          valkey-cli -u {valkey}
  Data            {folder}

Press Ctrl-C to stop. The data is kept.
"""


class Screen(Protocol):
    """What a user sees of the stack: PlainScreen, and that of a terminal in cli/up_screen.py."""

    def report(self, step: str) -> None:
        """Show a step of the start or of the end."""

    async def run(self, stack: Stack) -> None:
        """Show the running stack, until this is canceled."""


class PlainScreen:
    """A line for each step, then all addresses, between the lines that the services log."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        # Neither wrapped nor coloured: addresses are copied by people and scripts.
        self._console = Console(highlight=False, markup=False, soft_wrap=True)

    def report(self, step: str) -> None:
        self._console.print(step)

    async def run(self, stack: Stack) -> None:
        self._console.print(describe_stack(stack, self._concurrency))
        await asyncio.Event().wait()


async def up(
    data: Path,
    host: str,
    port: int,
    screen: Screen,
    *,
    settings: Mapping[str, str] | None = None,
    commands: ServiceCommands | None = None,
) -> int:
    """Run the stack until SIGINT or SIGTERM, and return the exit status.

    `settings` override those of the environment. A second signal kills what has not stopped yet.
    Raises EmbeddedError when the stack does not start.
    """
    with cancel_on_signal(lambda: screen.report("Stopping …"), _kill_children):
        async with run_stack(
            data, host, port, settings, commands=commands, report=screen.report
        ) as stack:
            await screen.run(stack)
    return 0


def describe_stack(stack: Stack, concurrency: int) -> str:
    """Return where everything runs; the worker processes so many pictures at once."""
    return READY.format(
        url=stack.url,
        pictures=pluralize(concurrency, "picture"),
        postgres=stack.postgres.uri,
        valkey=stack.valkey.uri,
        folder=stack.folder,
    )


def _kill_children() -> None:
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
