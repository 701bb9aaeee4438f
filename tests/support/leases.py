"""Claims and leases, and rows as if time had passed."""

from datetime import timedelta

from imagemill.jobs.job import (
    Claim,
    JobId,
    Status,
)
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.settings.addresses import PostgresAddress
from support.jobs import new_job
from support.servers import connect

NOW = timedelta(0)


def expire(address: PostgresAddress) -> None:
    """Let every lease expire."""
    with connect(address) as connection:
        connection.execute(
            "UPDATE jobs SET lease_expires_at = now() - interval '1 s' WHERE status = 'PROCESSING'"
        )


def make_due(address: PostgresAddress) -> None:
    with connect(address) as connection:
        connection.execute("UPDATE jobs SET run_at = now() WHERE status = 'PENDING'")


async def one_claim(job_store: JobStore, leases: JobLeases, max_attempts: int = 3) -> Claim:
    job = await job_store.accept(new_job(max_attempts=max_attempts))
    (claim,) = await leases.claim([job.id])
    return claim


async def statuses(job_store: JobStore, job_id: JobId) -> list[Status]:
    return [event.status for event in await job_store.read_history(job_id)]
