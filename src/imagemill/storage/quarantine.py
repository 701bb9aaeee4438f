"""Where units go that nobody seems to own: out of the way, and easy to bring back.

`quarantine/<day>/<key>` keeps the key, and the day on which the unit was moved, by the storage's
own clock. Moving is a rename on the same file system; nothing is synced, since a unit is as safe in
one place as in the other.
"""

import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

from imagemill.blocking import run_in_thread
from imagemill.storage.errors import storage_errors
from imagemill.storage.units import all_units

QUARANTINE: Final = "quarantine"


@dataclass(frozen=True, slots=True)
class QuarantinedUnit:
    """A unit in quarantine: the day it came, the key that was its own, the job that this names."""

    day: date
    key: str
    job_id: UUID | None


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The quarantine of the storage at `root`. Every method raises StorageUnavailable."""

    root: Path

    def path(self, unit: QuarantinedUnit) -> Path:
        return self._folder(unit.day) / unit.key

    async def detained(self) -> list[QuarantinedUnit]:
        """Return everything that is in quarantine; what came first, first."""
        return await run_in_thread(self._detained)

    async def take(self, keys: Iterable[str], day: date) -> list[str]:
        """Move these units here and return the keys of those that could be moved."""
        return await run_in_thread(
            lambda: [key for key in keys if _move(self.root / key, self._folder(day) / key)]
        )

    async def bring_back(self, units: Collection[QuarantinedUnit]) -> list[str]:
        """Move units back to where they were, never over another one, and return their keys."""
        return await run_in_thread(self._bring_back, units)

    async def delete(self, units: Collection[QuarantinedUnit]) -> None:
        """Remove these units for good."""
        await run_in_thread(self._delete, units)

    async def forget(self, keys: Collection[str]) -> None:
        """Remove what lies here under these keys, or in folders of these names, since any day."""
        await run_in_thread(self._forget, keys)

    def _folder(self, day: date) -> Path:
        return self.root / QUARANTINE / day.isoformat()

    def _days(self) -> list[date]:
        try:
            names = [path.name for path in (self.root / QUARANTINE).iterdir()]
        except FileNotFoundError:
            return []
        return sorted(day for name in names if (day := _as_day(name)))

    def _detained(self) -> list[QuarantinedUnit]:
        with storage_errors():
            return [
                QuarantinedUnit(day, unit.key, unit.job_id)
                for day in self._days()
                for unit in all_units(self._folder(day))
            ]

    def _bring_back(self, units: Collection[QuarantinedUnit]) -> list[str]:
        moved = [unit for unit in units if _move(self.path(unit), self.root / unit.key)]
        for unit in moved:
            self._drop_empty(self.path(unit).parent)
        return [unit.key for unit in moved]

    def _forget(self, keys: Collection[str]) -> None:
        for day in self._days():
            for key in keys:
                self._remove(self._folder(day) / key)

    def _delete(self, units: Collection[QuarantinedUnit]) -> None:
        for unit in units:
            self._remove(self.path(unit))

    def _remove(self, path: Path) -> None:
        with storage_errors():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        self._drop_empty(path.parent)

    def _drop_empty(self, folder: Path) -> None:
        """Remove the folder, and those above it up to the day's, as far as nothing is in them."""
        with suppress(OSError):
            while folder != self.root / QUARANTINE:
                folder.rmdir()
                folder = folder.parent


def _move(source: Path, target: Path) -> bool:
    """Return whether the unit could be moved; what is in its way is left alone."""
    if target.exists():
        return False
    with storage_errors():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.rename(target)
        except (FileNotFoundError, PermissionError):
            return False  # another was faster, or a hostile picture's child closed its folder
    return True


def _as_day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
