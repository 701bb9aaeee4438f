"""The file that a server writes its log to."""

import os
from pathlib import Path
from typing import IO, Final

LARGEST_BYTES: Final = 4 * 1024 * 1024
LAST_LINES: Final = 6


class LogFile:
    """A log that grows over the runs and begins anew when it has become large."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start_of_run = 0

    def open(self) -> IO[bytes]:
        """Open it for a run of the server, for our eyes only."""
        file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")
        self._start_of_run = os.fstat(file.fileno()).st_size
        if self._start_of_run > LARGEST_BYTES:
            self._start_of_run = file.truncate(0)
        return file

    def last_words(self) -> str:
        """Return the last lines of the run that was opened last."""
        with self.path.open("rb") as file:
            file.seek(self._start_of_run)
            lines = file.read(LARGEST_BYTES).decode(errors="replace").splitlines()
        return "\n".join(lines[-LAST_LINES:])
