"""Spoils a mill, so that a test sees what the doctor says."""

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
class Saboteur:
    """Spoils things behind the back of the mill."""

    context: DoctorContext
    root: Path
    job_store: JobStore
    leases: JobLeases
    database: psycopg.Connection

    @property
    def storage(self) -> Storage:
        return self.context.storage

    async def waiting(self) -> Job:
        return await store_pending_job(self.job_store, self.root)

    async def claimed(self) -> Claim:
        (claim,) = await self.leases.claim([(await self.waiting()).id])
        return claim

    async def completed(self) -> Job:
        return await store_completed_job(self.job_store, self.leases, self.root)

    def output(self, job: Job) -> Path:
        return self.root / job.outputs[0].path

    def forget(self, job: Job) -> None:
        """Lose the row, as an older backup would."""
        self.database.execute("DELETE FROM jobs WHERE id = %s", [job.id])
