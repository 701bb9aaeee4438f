"""The free space of the storage, measured at most once in a moment however many uploads begin."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagemill.blocking import run_in_thread
from imagemill.storage.errors import translate_os_errors

MAX_AGE_SECONDS: Final = 0.25


@dataclass(slots=True)
class FreeSpace:
    """Free bytes of the file system of `root`, less what was promised since they were measured."""

    root: Path
    _free: int = 0
    _measured_at: float = float("-inf")

    async def measure(self) -> int:
        """Return how many bytes are free now. Raises StorageUnavailable."""
        with translate_os_errors():
            return (await run_in_thread(shutil.disk_usage, self.root)).free

    async def reserve(self, size: int, above: int) -> bool:
        """Return whether so many bytes are free and leave as many as `above`.

        Raises StorageUnavailable.
        """
        if time.monotonic() - self._measured_at > MAX_AGE_SECONDS:
            self._free = await self.measure()
            self._measured_at = time.monotonic()
        if self._free < size + above:
            return False
        self._free -= size
        return True
