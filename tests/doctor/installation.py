"""Jobs and files of an installation, for tests that damage them."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from imagemill.doctor.context import DoctorContext
from imagemill.jobs.job import Claim, Job
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.storage.protocol import Storage
from support.stored_jobs import store_completed_job, store_pending_job


@dataclass(frozen=True, slots=True)
class Installation:
    """Adds jobs as the services would, and gives direct access to rows and files."""

    context: DoctorContext
    root: Path
    job_store: JobStore
    leases: JobLeases
    database: psycopg.Connection

    @property
    def storage(self) -> Storage:
        return self.context.storage

    async def add_pending_job(self) -> Job:
        return await store_pending_job(self.job_store, self.root)

    async def add_claimed_job(self) -> Claim:
        (claim,) = await self.leases.claim([(await self.add_pending_job()).id])
        return claim

    async def add_completed_job(self) -> Job:
        return await store_completed_job(self.job_store, self.leases, self.root)

    def output_path(self, job: Job) -> Path:
        return self.root / job.outputs[0].path

    def delete_row(self, job: Job) -> None:
        """Delete the row, as the restore of an older backup would."""
        self.database.execute("DELETE FROM jobs WHERE id = %s", [job.id])
