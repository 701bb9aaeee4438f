"""The command `imagemill up`: runs the stack until SIGINT or SIGTERM."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console

from imagemill.embedded.stack import ServiceCommands, Stack, run_stack
from imagemill.interruption import cancel_on_signal

READY: Final = """
imagemill is ready at {url}

  API docs        {url}/docs
  PostgreSQL      psql {postgres}
  Valkey          valkey-cli -u {valkey}
  Data            {folder}

Press Ctrl-C to stop. The data is kept.
"""


async def up(data: Path, host: str, port: int, commands: ServiceCommands | None = None) -> int:
    """Run the stack until SIGINT or SIGTERM, and return the exit status.

    A second signal kills what has not stopped yet. Raises EmbeddedError when the stack does not
    start.
    """
    with cancel_on_signal(lambda: _print("Stopping …"), _kill_children):
        async with run_stack(data, host, port, commands=commands, report=_print) as stack:
            _print(_describe(stack))
            await asyncio.Event().wait()
    return 0


def _describe(stack: Stack) -> str:
    return READY.format(
        url=stack.url, postgres=stack.postgres.uri, valkey=stack.valkey.uri, folder=stack.folder
    )


def _print(line: str) -> None:
    # Neither wrapped nor coloured: addresses are copied by people and scripts.
    Console().print(line, highlight=False, markup=False, soft_wrap=True)


def _kill_children() -> None:
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
