"""Listing of what lies below a folder, in units that are stored and deleted as a whole.

Lazily, a shard at a time (see keys.py), so that it needs little memory whatever the storage holds.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from imagemill.storage.errors import translate_os_errors
from imagemill.storage.keys import INPUTS, OUTPUTS, TEMPORARY, unit_key
from imagemill.storage.local.scratch_dir import is_scratch_dir
from imagemill.storage.protocol import Unit


def list_shards(root: Path) -> list[str]:
    """Return the names of the folders over which inputs and outputs are spread."""
    return sorted({entry.name for kind in (INPUTS, OUTPUTS) for entry in _entries(root / kind)})


def list_units(root: Path, shard: str) -> list[Unit]:
    """Return the inputs, and the outputs of each attempt, in a shard."""
    inputs = _entries(root / INPUTS / shard)
    return [*_units(root, inputs), *_attempts(root, shard)]


def list_unfinished(root: Path) -> list[Unit]:
    """Return the temporary files and folders except scratch folders, whose locks tell their use."""
    entries = (entry for entry in _entries(root / TEMPORARY) if not is_scratch_dir(entry.name))
    return list(_units(root, entries))


def list_all(root: Path) -> list[Unit]:
    """Return all units at once, for folders that hold few."""
    shards = list_shards(root)
    return [*list_unfinished(root), *(unit for shard in shards for unit in list_units(root, shard))]


def _attempts(root: Path, shard: str) -> Iterable[Unit]:
    """Return one unit for all outputs of an attempt, as new as the last of them."""
    attempts: dict[str, Unit] = {}
    for output in _units(root, _entries(root / OUTPUTS / shard)):
        unit = replace(output, key=unit_key(output.key))
        known = attempts.get(unit.key, unit)
        attempts[unit.key] = max(known, unit, key=lambda one: one.modified_at)
    return attempts.values()


def _units(root: Path, found: Iterable[os.DirEntry[str]]) -> Iterator[Unit]:
    for entry in found:
        with translate_os_errors():
            try:
                seconds = entry.stat(follow_symlinks=False).st_mtime
            except FileNotFoundError:
                continue
        key = Path(entry).relative_to(root).as_posix()
        yield Unit(key, _job_id(entry.name), datetime.fromtimestamp(seconds, UTC))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in the folder, without hidden files: those belong to the file system."""
    with translate_os_errors():
        try:
            with os.scandir(folder) as entries:
                return [entry for entry in entries if not entry.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError):
            return []


def _job_id(name: str) -> UUID | None:
    try:
        return UUID(name.partition(".")[0])
    except ValueError:
        return None
