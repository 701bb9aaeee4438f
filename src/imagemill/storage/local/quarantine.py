"""Quarantine in a folder: `quarantine/<day>/<key>` keeps the day of the move and the original key.

The day is that of the storage's own clock. Moving is a rename on one file system; nothing is
synced, since a unit is as safe in one place as in the other.
"""

import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from imagemill.blocking import run_in_thread
from imagemill.storage.errors import translate_os_errors
from imagemill.storage.keys import QUARANTINE
from imagemill.storage.local.deleting import remove_empty_folders
from imagemill.storage.local.key_paths import find_paths
from imagemill.storage.local.listing import list_all
from imagemill.storage.local.reading import measure
from imagemill.storage.protocol import QuarantinedUnit


@dataclass(frozen=True, slots=True)
class LocalQuarantine:
    """The quarantine of the storage at `root`."""

    root: Path

    async def list_units(self) -> list[QuarantinedUnit]:
        return await run_in_thread(self._list)

    async def add(self, keys: Iterable[str], day: date) -> list[str]:
        return await run_in_thread(lambda: [key for key in keys if self._add(key, day)])

    async def restore(self, units: Collection[QuarantinedUnit]) -> list[str]:
        return await run_in_thread(lambda: [unit.key for unit in units if self._restore(unit)])

    async def delete(self, units: Collection[QuarantinedUnit]) -> None:
        await run_in_thread(lambda: self._delete(self._paths(units)))

    async def delete_keys(self, keys: Collection[str]) -> None:
        await run_in_thread(
            lambda: self._delete(
                path for day in self._days() for path in find_paths(self._folder(day), keys)
            )
        )

    async def total_size(self, units: Collection[QuarantinedUnit]) -> int:
        return await run_in_thread(lambda: sum(map(measure, self._paths(units))))

    def _paths(self, units: Collection[QuarantinedUnit]) -> list[Path]:
        return [path for unit in units for path in find_paths(self._folder(unit.day), [unit.key])]

    def _folder(self, day: date) -> Path:
        return self.root / QUARANTINE / day.isoformat()

    def _days(self) -> list[date]:
        with translate_os_errors():
            try:
                names = [path.name for path in (self.root / QUARANTINE).iterdir()]
            except FileNotFoundError:
                return []
        return sorted(day for name in names if (day := _parse_day(name)))

    def _list(self) -> list[QuarantinedUnit]:
        with translate_os_errors():
            return [
                QuarantinedUnit(day, unit.key, unit.job_id)
                for day in self._days()
                for unit in list_all(self._folder(day))
            ]

    def _add(self, key: str, day: date) -> bool:
        return _move_unit(key, self.root, self._folder(day))

    def _restore(self, unit: QuarantinedUnit) -> bool:
        folder = self._folder(unit.day)
        is_moved = _move_unit(unit.key, folder, self.root)
        if is_moved:
            self._remove_empty((folder / unit.key).parent)
        return is_moved

    def _delete(self, paths: Iterable[Path]) -> None:
        for path in paths:
            with translate_os_errors():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
            self._remove_empty(path.parent)

    def _remove_empty(self, folder: Path) -> None:
        remove_empty_folders(folder, self.root / QUARANTINE)


def _move_unit(key: str, source: Path, target: Path) -> bool:
    """Return whether a file of the unit could be moved from one root to another."""
    with translate_os_errors():
        paths = find_paths(source, [key])
    moved = [_move(path, target / path.relative_to(source)) for path in paths]
    return any(moved)


def _move(source: Path, target: Path) -> bool:
    """Return whether the file could be moved. What is at the target is never replaced."""
    if target.exists():
        return False
    with translate_os_errors():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.rename(target)
        except (FileNotFoundError, PermissionError):
            return False  # another process was faster, or a hostile process closed its folder
    return True


def _parse_day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
