"""A program run on a terminal of its own, and what it writes there."""

import os
import pty
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.process import wait_until


class Terminal:
    """A terminal that is 120 columns wide; `shown` is everything that was written to it."""

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command,
            env={**environment, "TERM": "xterm", "COLUMNS": "120"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self._written = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def shown(self) -> str:
        return self._written.decode(errors="replace")

    def until_shown(self, text: str) -> None:
        wait_until(lambda: text in self.shown, text, lambda: self.shown)

    def close(self) -> None:
        """Wait until the program and what it started have ended, and read the rest."""
        self._reader.join()
        os.close(self._ours)

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._ours, 4096)
            except OSError:  # how Linux says that the other end is closed
                return
            if not chunk:
                return
            self._written += chunk


@contextmanager
def run_on_terminal(
    command: Sequence[str | Path], environment: Mapping[str, str]
) -> Iterator[Terminal]:
    """Run the program during the block, at whose end it is stopped by SIGTERM."""
    terminal = Terminal(command, environment)
    try:
        yield terminal
    finally:
        terminal.process.terminate()
        terminal.process.wait(60)
        terminal.close()
