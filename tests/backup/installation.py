"""An installation that is backed up, and how its contents are compared with what was restored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

from psycopg.sql import SQL, Identifier

from imagemill.doctor import jobs, missing_files, orphaned_files
from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Verdict
from imagemill.jobs.job import Claim, Job
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.settings import Settings
from imagemill.settings.addresses import PostgresAddress
from support.servers import connect
from support.stored_jobs import store_completed_job, store_pending_job

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Installation:
    settings: Settings
    root: Path
    job_store: JobStore
    leases: JobLeases

    async def add_pending_job(self, content: bytes = b"picture") -> Job:
        return await store_pending_job(self.job_store, self.root, content)

    async def add_claimed_job(self) -> Claim:
        (claim,) = await self.leases.claim([(await self.add_pending_job()).id])
        return claim

    async def add_completed_job(self) -> Job:
        return await store_completed_job(self.job_store, self.leases, self.root)

    def execute(self, statement: LiteralString, *values: object) -> None:
        with connect(self.settings.postgres) as connection:
            connection.execute(statement, values)


def rows(address: PostgresAddress, table: str, *, without: Sequence[str] = ()) -> Rows:
    """Return all rows of a table as text, or those of the table of jobs with another status."""
    statement = SQL("SELECT one::text FROM {} AS one WHERE {} ORDER BY 1")
    condition = SQL("NOT status = ANY(%s)") if without else SQL("%s::text[] IS NOT NULL")
    with connect(address) as connection:
        return connection.execute(
            statement.format(Identifier(table), condition), [[*without]]
        ).fetchall()


def files(root: Path) -> dict[str, bytes]:
    """Return the inputs and outputs in a storage."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for kind in ("inputs", "outputs")
        for path in (root / kind).rglob("*")
        if path.is_file()
    }


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes().swapcase() + b"x")


def pick(root: Path, pattern: str) -> Path:
    return next(path for path in root.glob(pattern) if path.is_file())


async def doctors_problems(settings: Settings) -> dict[str, str]:
    """Return what the doctor finds wrong with jobs and files, every byte compared."""
    async with DoctorContext.open(settings) as context:
        found: Iterable[Any] = [
            *await jobs.check(context),
            *await missing_files.check(context, deep=True),
            *await orphaned_files.check(context),
        ]
    return {one.subject: one.sentence for one in found if one.verdict is not Verdict.OK}
