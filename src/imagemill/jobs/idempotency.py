"""The table `idempotency_keys`: at most one job for each Idempotency-Key of a client.

The statement that inserts the job also inserts the key (insertion.py). Of concurrent uploads with
one key the table's unique constraint lets one insert; the others wait for its commit, insert
nothing and read its job. A key is deleted with its job. It expires 24 hours after the upload and
can then be reused.
"""

from dataclasses import dataclass
from typing import Final

from imagemill.jobs.job import IdempotencyKey, Job, NewJob
from imagemill.jobs.rows import JOB_COLUMNS, to_job
from imagemill.jobs.store import JobStore, unknown_outcome
from imagemill.postgres.pool import DatabaseUnavailable, Postgres

RETENTION: Final = "interval '24 h'"
# More than one are needed only where the key's job is deleted between INSERT and SELECT.
MAX_TRIES: Final = 5

FIND = f"""
    SELECT content_sha256, {JOB_COLUMNS}
      FROM jobs JOIN (
           SELECT job_id, content_sha256 FROM idempotency_keys
            WHERE key = %(key)s AND key_id IS NOT DISTINCT FROM %(owner)s::uuid
              AND created_at >= now() - {RETENTION}) AS taken ON taken.job_id = jobs.id
"""

DELETE_EXPIRED = f"""
    WITH expired AS MATERIALIZED (
        SELECT key, key_id FROM idempotency_keys
         WHERE created_at < now() - {RETENTION}
         ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    DELETE FROM idempotency_keys taken USING expired
     WHERE taken.key = expired.key AND taken.key_id IS NOT DISTINCT FROM expired.key_id
    RETURNING taken.job_id
"""


@dataclass(frozen=True, slots=True)
class KeyedJob:
    """The job of a key, and the SHA-256 of the upload that created it."""

    job: Job
    content_sha256: bytes


async def find_by_key(job_store: JobStore, key: IdempotencyKey) -> KeyedJob | None:
    """Return the job of the key, None if it has none. Raises DatabaseUnavailable."""
    rows = await job_store.postgres.run(FIND, {"key": key.key, "owner": key.key_id})
    return KeyedJob(to_job(rows[0]), bytes(rows[0]["content_sha256"])) if rows else None


async def accept_with_key(job_store: JobStore, new: NewJob, key: IdempotencyKey) -> KeyedJob:
    """Insert the job, or return the job that the key already has.

    Raises as `JobStore.accept` does.
    """
    for _ in range(MAX_TRIES):
        if job := await job_store.inserter.insert(new, key):
            return KeyedJob(job, key.content_sha256)
        with unknown_outcome():
            if found := await find_by_key(job_store, key):
                return found
    raise DatabaseUnavailable(
        "The jobs with this Idempotency-Key were deleted while this one was created; try again."
    )


async def delete_expired_keys(postgres: Postgres, limit: int) -> int:
    """Delete up to `limit` expired keys and return how many. Raises DatabaseUnavailable."""
    return len(await postgres.run(DELETE_EXPIRED, {"limit": limit}))
