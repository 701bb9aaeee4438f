"""Insertion of jobs: one statement for all that are accepted at the same moment.

A statement of its own for each job would cost a round trip, a transaction and a sync of the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg
from pydantic_core import to_json

from imagemill.batcher import Batcher
from imagemill.jobs.job import IdempotencyKey, Job, Json, NewJob, Status
from imagemill.jobs.publish import Publish
from imagemill.jobs.rows import to_utc
from imagemill.postgres.pool import DatabaseUnavailable, Postgres, RowRejected

MAX_BATCH: Final = 64
# If one statement hangs on a dead connection, the others still succeed.
MAX_STATEMENTS: Final = 3
PATIENCE_SECONDS: Final = 0.05

# A job with an Idempotency-Key is inserted if it gets its key. Keys are taken in a fixed order, or
# two gateways that insert the same ones might wait for each other. Safe to repeat when its result
# was lost: a job is there by its id, or its key is taken by it, and is not inserted again.
ACCEPT = """
    WITH new AS (
        SELECT * FROM json_to_recordset(%(jobs)s) AS new (
            id uuid, input_path text, input jsonb, pipeline json, priority job_priority,
            metadata json, max_attempts smallint, key_id uuid, callback_url text, traceparent text,
            key text, key_owner uuid, content_sha256 bytea)),
    mine AS (
        INSERT INTO idempotency_keys AS taken (key_id, key, content_sha256, job_id)
        SELECT key_owner, key, content_sha256, id FROM new WHERE key IS NOT NULL
         ORDER BY key, key_owner
        ON CONFLICT (key, key_id) DO UPDATE
           SET content_sha256 = excluded.content_sha256, job_id = excluded.job_id,
               created_at = now()
         WHERE taken.created_at < now() - interval '24 h'
        RETURNING job_id)
    INSERT INTO jobs (id, input_path, input, pipeline, priority, metadata, max_attempts, key_id,
                      callback_url, traceparent)
    SELECT id, input_path, input, pipeline, priority, metadata, max_attempts, key_id, callback_url,
           traceparent
      FROM new WHERE key IS NULL OR id IN (SELECT job_id FROM mine)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, created_at
"""


@dataclass(frozen=True, slots=True)
class _Insertion:
    new: NewJob
    key: IdempotencyKey | None

    @property
    def identity(self) -> object:
        """What only one job of a statement may have."""
        return (self.key.key, self.key.key_id) if self.key else self.new.id


class JobInserter:
    """Inserts jobs in batches, and publishes their ids."""

    def __init__(self, postgres: Postgres, publish: Publish) -> None:
        self._postgres = postgres
        self._publish = publish
        self._batcher: Batcher[_Insertion, Job | None] = Batcher(
            self._insert,
            max_size=MAX_BATCH,
            max_batches=MAX_STATEMENTS,
            patience=PATIENCE_SECONDS,
        )

    async def insert(self, new: NewJob, key: IdempotencyKey | None = None) -> Job | None:
        """Insert a job whose input is stored durably; None if it exists, or another has its key.

        Raises OutcomeUnknown when the connection is lost before the result: the job may exist, and
        its input must not be deleted. After any other DatabaseUnavailable the job does not exist.
        """
        try:
            return await self._batcher.submit(_Insertion(new, key))
        except TimeoutError as error:
            raise DatabaseUnavailable("PostgreSQL did not answer in time: job.") from error

    async def _insert(self, batch: Sequence[_Insertion]) -> list[Job | Exception | None]:
        try:
            return [*await self._insert_together(batch)]
        except psycopg.Error as error:
            if len(batch) == 1:
                return [_rejected(error)]
        # The others must not fail with the one that is rejected.
        return [outcome for one in batch for outcome in await self._insert([one])]

    async def _insert_together(self, batch: Sequence[_Insertion]) -> list[Job | None]:
        # A statement cannot take the same key twice: the first that comes with it gets it.
        sent: dict[object, _Insertion] = {}
        for one in batch:
            sent.setdefault(one.identity, one)
        rows = await self._postgres.run(
            ACCEPT, {"jobs": to_json([_to_row(one) for one in sent.values()]).decode()}
        )
        inserted = {row["id"]: to_utc(row["created_at"]) for row in rows}
        self._publish([one.new.id for one in batch])
        return [
            _to_job(one.new, inserted[one.new.id]) if one.new.id in inserted else None
            for one in batch
        ]


def _to_row(one: _Insertion) -> Json:
    new, key = one.new, one.key
    return {
        "id": new.id,
        "input_path": new.input_path,
        "input": {
            "filename": new.input.filename,
            "media_type": new.input.media_type,
            "bytes": new.input.bytes,
            "sha256": new.input.sha256,
            "width": new.input.width,
            "height": new.input.height,
            "frames": new.input.frames,
        },
        "pipeline": new.pipeline,
        "priority": new.priority,
        "metadata": new.metadata,
        "max_attempts": new.max_attempts,
        "key_id": new.key_id,
        "callback_url": new.callback_url,
        "traceparent": new.traceparent,
        "key": key.key if key else None,
        "key_owner": key.key_id if key else None,
        "content_sha256": f"\\x{key.content_sha256.hex()}" if key else None,
    }


def _to_job(new: NewJob, created_at: datetime) -> Job:
    return Job(
        id=new.id,
        status=Status.PENDING,
        input_path=new.input_path,
        output_path=None,
        input=new.input,
        pipeline=new.pipeline,
        outputs=(),
        analysis=None,
        error=None,
        priority=new.priority,
        metadata=new.metadata,
        attempts=0,
        max_attempts=new.max_attempts,
        created_at=created_at,
        run_at=created_at,
        started_at=None,
        completed_at=None,
        updated_at=created_at,
    )


def _rejected(error: psycopg.Error) -> RowRejected:
    rejected = RowRejected(f"PostgreSQL did not record the job: {error}")
    rejected.__cause__ = error
    return rejected
