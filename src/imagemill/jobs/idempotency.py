"""A client's Idempotency-Key: however often it sends an upload under one, there is one job.

The key is written by the statement that inserts the job, and the table's own constraint lets one of
many through: the others wait for its commit, insert nothing, and look at whose job it is. The key
goes with its job. A day after the upload it stands for nothing any more, and may be used anew.
"""

from dataclasses import dataclass
from typing import Final

from imagemill.jobs.job import Job, KeyId, NewJob
from imagemill.jobs.rows import JOB_COLUMNS, to_job
from imagemill.jobs.store import INSERT, JobStore, unknown_outcome
from imagemill.postgres.pool import DatabaseUnavailable, Postgres

KEPT_FOR: Final = "interval '24 h'"
# One is enough unless somebody deletes the key's job between insert and look.
TRIES: Final = 5

# Sent again after a lost answer it meets its own key, inserts nothing, and FIND then tells that the
# job is ours: so it is safe to repeat.
ACCEPT = f"""
    WITH mine AS (
        INSERT INTO idempotency_keys AS taken (key_id, key, content_sha256, job_id)
        VALUES (%(owner)s, %(key)s, %(content_sha256)s, %(id)s)
        ON CONFLICT (key, key_id) DO UPDATE
           SET content_sha256 = excluded.content_sha256, job_id = excluded.job_id,
               created_at = now()
         WHERE taken.created_at < now() - {KEPT_FOR}
        RETURNING job_id)
    {INSERT} WHERE EXISTS (SELECT FROM mine)
    RETURNING {JOB_COLUMNS}
"""

FIND = f"""
    SELECT content_sha256, {JOB_COLUMNS}
      FROM jobs JOIN (
           SELECT job_id, content_sha256 FROM idempotency_keys
            WHERE key = %(key)s AND key_id IS NOT DISTINCT FROM %(owner)s::uuid
              AND created_at >= now() - {KEPT_FOR}) AS taken ON taken.job_id = jobs.id
"""

FORGET = f"""
    WITH old AS MATERIALIZED (
        SELECT key, key_id FROM idempotency_keys
         WHERE created_at < now() - {KEPT_FOR}
         ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    DELETE FROM idempotency_keys taken USING old
     WHERE taken.key = old.key AND taken.key_id IS NOT DISTINCT FROM old.key_id
    RETURNING taken.job_id
"""


@dataclass(frozen=True, slots=True)
class UploadKey:
    """What a client calls its upload, and the SHA-256 of what that upload holds.

    `key_id` is the API key that it comes from; under another one the same key is another key.
    """

    key: str
    content_sha256: bytes
    key_id: KeyId | None


@dataclass(frozen=True, slots=True)
class Keyed:
    """The job that a key stands for, and the SHA-256 of what was sent for it."""

    job: Job
    content_sha256: bytes


async def find_under(job_store: JobStore, key: UploadKey) -> Keyed | None:
    """Return the job that the key stands for, if it does. Raises DatabaseUnavailable."""
    rows = await job_store.postgres.run(FIND, {"key": key.key, "owner": key.key_id})
    return Keyed(to_job(rows[0]), bytes(rows[0]["content_sha256"])) if rows else None


async def accept_under(job_store: JobStore, new: NewJob, key: UploadKey) -> Keyed:
    """Record the job, unless the key stands for another one already: then return that one.

    Raises what `JobStore.accept` does.
    """
    parameters = {"owner": key.key_id, "key": key.key, "content_sha256": key.content_sha256}
    for _ in range(TRIES):
        rows = await job_store.insert(ACCEPT, new, parameters)
        if rows:
            return Keyed(to_job(rows[0]), key.content_sha256)
        with unknown_outcome():
            if found := await find_under(job_store, key):
                return found
    raise DatabaseUnavailable(
        "The jobs under this Idempotency-Key are deleted as fast as they come."
    )


async def forget_old_keys(postgres: Postgres, limit: int) -> int:
    """Delete up to `limit` keys that stand for nothing any more; return how many it were."""
    return len(await postgres.run(FORGET, {"limit": limit}))
