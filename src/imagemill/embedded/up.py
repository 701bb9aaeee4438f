"""The command `imagemill up`: the stack, until somebody says stop."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console

from imagemill.embedded.stack import Commands, Stack, run_stack
from imagemill.interruption import cancel_on_signal

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
    with cancel_on_signal(lambda: _say("Stopping …"), _kill_children):
        async with run_stack(data, host, port, commands=commands, report=_say) as stack:
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


def _kill_children() -> None:
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
