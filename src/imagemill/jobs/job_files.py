"""Which files in the storage belong to which job, as the table `jobs` records them."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from imagemill.jobs.job import JobId
from imagemill.postgres.pool import Postgres

PAGE_SIZE: Final = 1000

COLUMNS = """
    id, input_path, input, outputs, CASE WHEN status = 'PROCESSING' THEN fence END AS fence
"""

FIND = f"SELECT {COLUMNS} FROM jobs WHERE id = ANY(%(ids)s)"

# For a reader with a snapshot of its own.
LIST_ALL: Final[LiteralString] = f"SELECT {COLUMNS} FROM jobs ORDER BY id"

LIST = f"SELECT {COLUMNS} FROM jobs WHERE id > %(after)s ORDER BY id LIMIT %(limit)s"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file: its key in the storage, its size in bytes and its SHA-256 in hex."""

    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class JobFiles:
    """A job's files. `fence` is that of the current attempt, None unless the job is PROCESSING."""

    id: JobId
    input: StoredFile
    outputs: tuple[StoredFile, ...]
    fence: int | None


@dataclass(frozen=True, slots=True)
class JobFilesIndex:
    """The files of all jobs. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def find(self, ids: Collection[JobId]) -> tuple[JobFiles, ...]:
        """Return the files of those of these jobs that exist."""
        rows = await self.postgres.run(FIND, {"ids": list(ids)}) if ids else []
        return tuple(to_job_files(row) for row in rows)

    async def read_all(self) -> AsyncIterator[tuple[JobFiles, ...]]:
        """Yield the files of all jobs in pages, oldest job first."""
        after = UUID(int=0)
        while rows := await self.postgres.run(LIST, {"after": after, "limit": PAGE_SIZE}):
            yield tuple(to_job_files(row) for row in rows)
            after = rows[-1]["id"]


def to_job_files(row: DictRow) -> JobFiles:
    """Return the files of a row with COLUMNS."""
    return JobFiles(
        id=JobId(row["id"]),
        input=StoredFile(row["input_path"], row["input"]["bytes"], row["input"]["sha256"]),
        outputs=tuple(
            StoredFile(each["path"], each["bytes"], each["sha256"]) for each in row["outputs"]
        ),
        fence=row["fence"],
    )
