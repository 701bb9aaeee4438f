"""What lies in the storage, in the units that come and go as a whole.

A unit is an input, the folder with the outputs of one attempt, or something unfinished. The walk is
lazy, a shard at a time (see keys.py), so that it needs little memory whatever the storage holds.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from imagemill.storage.errors import storage_errors
from imagemill.storage.keys import INPUTS, OUTPUTS, TEMPORARY
from imagemill.storage.scratch_dir import is_workplace


@dataclass(frozen=True, slots=True)
class Unit:
    """A key, the job that it names if it does, and when its content last changed."""

    key: str
    job_id: UUID | None
    modified_at: datetime


def shards(root: Path) -> list[str]:
    """Return the names of the folders over which inputs and outputs are spread."""
    return sorted({entry.name for kind in (INPUTS, OUTPUTS) for entry in _entries(root / kind)})


def units_of(root: Path, shard: str) -> list[Unit]:
    """Return the inputs, and the outputs of each attempt, that lie in a shard."""
    inputs = ((entry, entry.name) for entry in _entries(root / INPUTS / shard))
    outputs = (
        (attempt, job.name)
        for job in _entries(root / OUTPUTS / shard)
        for attempt in (_entries(Path(job)) if job.is_dir(follow_symlinks=False) else [job])
    )
    return [*_units(root, inputs), *_units(root, outputs)]


def unfinished(root: Path) -> list[Unit]:
    """Return the temporary files and folders, but for workplaces, which tell if they are in use."""
    entries = (entry for entry in _entries(root / TEMPORARY) if not is_workplace(entry.name))
    return list(_units(root, ((entry, entry.name) for entry in entries)))


def all_units(root: Path) -> list[Unit]:
    """Return everything at once, for places that hold little."""
    return [*unfinished(root), *(unit for shard in shards(root) for unit in units_of(root, shard))]


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder, as far as they can be read."""
    try:
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
        return sum(size_of(inner) for inner in path.iterdir())
    except OSError:
        return 0


def _units(root: Path, found: Iterable[tuple[os.DirEntry[str], str]]) -> Iterator[Unit]:
    for entry, name in found:
        with storage_errors():
            try:
                seconds = entry.stat(follow_symlinks=False).st_mtime
            except FileNotFoundError:
                continue
        key = Path(entry).relative_to(root).as_posix()
        yield Unit(key, _job_id(name), datetime.fromtimestamp(seconds, UTC))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in the folder, but for what file systems and tools of others hide there."""
    with storage_errors():
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
