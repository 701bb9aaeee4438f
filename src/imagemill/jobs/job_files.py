"""What each job's row says of the storage: its input, its outputs, the claim that may add some."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from imagemill.jobs.job import JobId
from imagemill.postgres.pool import Postgres

PAGE: Final = 1000

COLUMNS = """
    id, input_path, input, outputs, CASE WHEN status = 'PROCESSING' THEN fence END AS fence
"""

OF_IDS = f"SELECT {COLUMNS} FROM jobs WHERE id = ANY(%(ids)s)"

OF_ALL = f"SELECT {COLUMNS} FROM jobs WHERE id > %(after)s ORDER BY id LIMIT %(limit)s"


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as the ledger describes it: its key, size in bytes and SHA-256 in hex."""

    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class JobFiles:
    """A job's files. `fence` is that of the claim under which it is processed, if it is."""

    id: JobId
    input: Stored
    outputs: tuple[Stored, ...]
    fence: int | None


@dataclass(frozen=True, slots=True)
class JobFilesIndex:
    """The files that the ledger knows. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def of(self, ids: Collection[JobId]) -> tuple[JobFiles, ...]:
        """Return what belongs to those of these jobs that exist."""
        rows = await self.postgres.run(OF_IDS, {"ids": list(ids)}) if ids else []
        return tuple(_to_belongings(row) for row in rows)

    async def of_all(self) -> AsyncIterator[tuple[JobFiles, ...]]:
        """Yield what belongs to every job, a page at a time, oldest job first."""
        after = UUID(int=0)
        while rows := await self.postgres.run(OF_ALL, {"after": after, "limit": PAGE}):
            yield tuple(_to_belongings(row) for row in rows)
            after = rows[-1]["id"]


def _to_belongings(row: DictRow) -> JobFiles:
    came = row["input"]
    return JobFiles(
        id=JobId(row["id"]),
        input=Stored(row["input_path"], came["bytes"], came["sha256"]),
        outputs=tuple(Stored(o["path"], o["bytes"], o["sha256"]) for o in row["outputs"]),
        fence=row["fence"],
    )
