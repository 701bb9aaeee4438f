"""The command `imagemill up`: the stack, and the screen that fits what standard output is."""

import os
import sys
from pathlib import Path

from imagemill.cli.up_screen import TerminalScreen
from imagemill.embedded.up import PlainScreen, up
from imagemill.settings import Settings


async def run(settings: Settings, data: Path, host: str, port: int) -> int:
    """Run the stack until SIGINT or SIGTERM, and return the exit status. Raises EmbeddedError."""
    if not sys.stdout.isatty():
        return await up(data, host, port, PlainScreen(settings.worker_concurrency))
    # The screen shows each job; the services log warnings and errors only.
    quiet = {"LOG_LEVEL": os.environ.get("LOG_LEVEL", "warning")}
    with TerminalScreen(settings, data) as screen:
        return await up(data, host, port, screen, settings=quiet)
