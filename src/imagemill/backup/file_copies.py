"""Copies of the files that the rows of a snapshot name.

Their list is written while the snapshot is held, and the files are copied after it was released: a
snapshot of hours would keep dead rows. A job that is deleted meanwhile loses its files; it is
noted, so that its rows are not restored.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from imagemill.backup.concurrency import run_tasks
from imagemill.backup.layout import FILES
from imagemill.blocking import run_in_thread
from imagemill.jobs.job import JobId
from imagemill.jobs.job_files import JobFiles, JobFilesIndex, StoredFile
from imagemill.storage.errors import FileMissing
from imagemill.storage.protocol import Storage

# The list: the files of each job, until the backup is complete.
WANTED: Final = "wanted.jsonl"
# Copied at once: most of the time is the disk's.
CONCURRENCY: Final = 8


@dataclass(slots=True)
class NotCopied:
    """What could not be copied: jobs that were deleted meanwhile, and keys of damaged files."""

    deleted_jobs: set[str] = field(default_factory=set)
    damaged: set[str] = field(default_factory=set)


def write_list(folder: Path, jobs: Iterable[JobFiles]) -> None:
    """Write the list of the files of these jobs."""
    with (folder / WANTED).open("w", encoding="utf-8") as wanted:
        for job in jobs:
            files = [astuple(file) for file in (job.input, *job.outputs)]
            wanted.write(json.dumps([str(job.id), files]) + "\n")


async def copy_files(storage: Storage, index: JobFilesIndex, folder: Path) -> NotCopied:
    """Copy every file of the list. Raises StorageUnavailable, DatabaseUnavailable, OSError."""
    not_copied, wanted = NotCopied(), _read_list(folder)

    async def copy_some() -> None:
        for job_id, files in wanted:
            for file in files:
                if await _copy_file(storage, file, folder / FILES / file.key):
                    continue
                if await index.find([JobId(UUID(job_id))]):
                    not_copied.damaged.add(file.key)
                else:
                    not_copied.deleted_jobs.add(job_id)

    await run_tasks(copy_some, CONCURRENCY)
    return not_copied


def keep_copies(folder: Path, not_copied: NotCopied) -> Iterator[StoredFile]:
    """Yield the copied files; remove those of jobs that were deleted meanwhile, and the list."""
    for job_id, files in _read_list(folder):
        for file in files:
            if job_id in not_copied.deleted_jobs:
                (folder / FILES / file.key).unlink(missing_ok=True)
            elif file.key not in not_copied.damaged:
                yield file
    (folder / WANTED).unlink()


def _read_list(folder: Path) -> Iterator[tuple[str, list[StoredFile]]]:
    """Yield the id of each job, and its files."""
    with (folder / WANTED).open(encoding="utf-8") as wanted:
        for line in wanted:
            job_id, files = json.loads(line)
            yield job_id, [StoredFile(*file) for file in files]


async def _copy_file(storage: Storage, file: StoredFile, path: Path) -> bool:
    """Copy a file, and return whether it was there as its row says; else there is no copy."""
    digest = hashlib.sha256()
    try:
        with await run_in_thread(_create, path) as copy:
            async for chunk in storage.read_range(file.key, 0, file.bytes):
                digest.update(chunk)
                await run_in_thread(copy.write, chunk)
    except FileMissing:
        is_intact = False
    else:
        is_intact = digest.hexdigest() == file.sha256
    if not is_intact:
        await run_in_thread(path.unlink)
    return is_intact


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb")
