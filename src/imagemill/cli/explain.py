"""The command `imagemill explain`: what a job waits for, in a sentence."""

import sys
from uuid import UUID

from imagemill.jobs.explain_query import read_job_context
from imagemill.jobs.explanation import explain
from imagemill.jobs.job import JobId
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings import Settings


async def run(settings: Settings, job_id: UUID) -> None:
    """Print the sentence. Raises JobNotFound, DatabaseUnavailable."""
    async with Postgres.open(settings.postgres, pool_size=1) as postgres:
        explanation = explain(await read_job_context(JobStore(postgres), JobId(job_id)))
    sys.stdout.write(f"{explanation.summary}\n")
