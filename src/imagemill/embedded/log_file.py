"""Log file of an embedded server, limited in size."""

import os
from pathlib import Path
from typing import IO, Final

MAX_BYTES: Final = 4 * 1024 * 1024
SHOWN_LINES: Final = 6


class LogFile:
    """A log to which every run appends; a start truncates it when it is over MAX_BYTES."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start_of_run = 0

    def open(self) -> IO[bytes]:
        """Open the log for a run of the server, readable by this user only."""
        file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")
        self._start_of_run = os.fstat(file.fileno()).st_size
        if self._start_of_run > MAX_BYTES:
            self._start_of_run = file.truncate(0)
        return file

    def read_end(self) -> str:
        """Return the last SHOWN_LINES lines of the current run."""
        with self.path.open("rb") as file:
            file.seek(self._start_of_run)
            lines = file.read(MAX_BYTES).decode(errors="replace").splitlines()
        return "\n".join(lines[-SHOWN_LINES:])
