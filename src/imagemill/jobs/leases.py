"""The ledger as a worker uses it: claims, heartbeats and ends of attempts.

The rules that these statements rest on:
- time is always the database's, so that no worker's clock matters;
- every change of a claimed job names its fence and its worker, so that a worker that was given up
  cannot touch a later attempt. The fence alone would not do: if PostgreSQL loses its last commits
  in a crash of its host, two claims may get the same fence, but never the same incarnation;
- rows are locked in a fixed order and locked ones passed over: claims never wait, never deadlock.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from imagemill.jobs.job import Claim, Completed, Failed, JobError, JobId, Json, Status
from imagemill.jobs.publish import Publish, publish_nothing
from imagemill.jobs.rows import to_claim
from imagemill.postgres.pool import Postgres

REAP_BATCH: Final = 100

TAKE = """
    UPDATE jobs j
       SET status = 'PROCESSING', attempts = j.attempts + 1, fence = j.fence + 1,
           locked_by = %(worker)s, lease_expires_at = now() + %(lease)s,
           started_at = coalesce(j.started_at, now()), updated_at = now(), heartbeat_at = now()
      FROM due WHERE j.id = due.id
    RETURNING j.id, j.fence, j.attempts, j.max_attempts, j.input_path, j.pipeline, j.error_code,
              j.traceparent, j.callback_url IS NOT NULL AS has_callback,
              now() - j.run_at AS waited
"""

CLAIM = f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM jobs
         WHERE id = ANY(%(ids)s) AND status = 'PENDING' AND run_at <= now()
         ORDER BY id FOR UPDATE SKIP LOCKED)
    {TAKE}
"""

SWEEP = f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM jobs
         WHERE status = 'PENDING' AND run_at <= now() - %(grace)s::interval
         ORDER BY priority, run_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    {TAKE}
"""

HEARTBEAT = """
    UPDATE jobs j SET lease_expires_at = now() + %(lease)s, heartbeat_at = now()
      FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[]) AS held (id, fence)
     WHERE j.id = held.id AND j.fence = held.fence AND j.locked_by = %(worker)s
       AND j.status = 'PROCESSING'
    RETURNING j.id
"""

FINISH = """
    WITH done AS (
        SELECT * FROM jsonb_to_recordset(%(results)s) AS r (
            id uuid, fence bigint, status text, output_path text, outputs jsonb, input jsonb,
            analysis jsonb, error_code text, error_detail text)),
    mine AS MATERIALIZED (
        SELECT j.id FROM jobs j JOIN done ON done.id = j.id
         WHERE j.fence = done.fence AND j.locked_by = %(worker)s AND j.status = 'PROCESSING'
         ORDER BY j.id FOR UPDATE OF j)
    UPDATE jobs j
       SET status = done.status, output_path = done.output_path,
           outputs = coalesce(done.outputs, '[]'), input = j.input || coalesce(done.input, '{}'),
           analysis = done.analysis, error_code = done.error_code,
           error_detail = left(done.error_detail, 2000),
           completed_at = now(), updated_at = now(), locked_by = NULL, lease_expires_at = NULL
      FROM done JOIN mine ON mine.id = done.id
     WHERE j.id = done.id
    RETURNING j.id
"""

ENDED_AS = """
    SELECT id, fence, status, output_path, error_code FROM jobs WHERE id = ANY(%(ids)s)
"""

GIVE_BACK = """
    UPDATE jobs j
       SET status = 'PENDING', locked_by = NULL, lease_expires_at = NULL,
           attempts = j.attempts - CASE WHEN %(unused)s THEN 1 ELSE 0 END,
           run_at = now() + %(delay)s, updated_at = now(),
           error_code = coalesce(%(error_code)s, j.error_code),
           error_detail = coalesce(left(%(error_detail)s, 2000), j.error_detail)
      FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[]) AS held (id, fence)
     WHERE j.id = held.id AND j.fence = held.fence AND j.locked_by = %(worker)s
       AND j.status = 'PROCESSING'
    RETURNING j.id
"""

# The delay is that of job.backoff.
REAP = """
    WITH dead AS MATERIALIZED (
        SELECT id FROM jobs
         WHERE status = 'PROCESSING' AND lease_expires_at < now()
         ORDER BY lease_expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    UPDATE jobs j
       SET status = CASE WHEN j.attempts >= j.max_attempts THEN 'FAILED' ELSE 'PENDING' END,
           completed_at = CASE WHEN j.attempts >= j.max_attempts THEN now() END,
           error_code = 'worker_lost',
           error_detail = 'The worker of attempt ' || j.attempts || ' went silent.',
           run_at = CASE WHEN j.attempts >= j.max_attempts THEN j.run_at
               ELSE now() + least(interval '60 s', interval '1 s' * 2 ^ least(j.attempts, 6))
                          * (0.5 + random()) END,
           updated_at = now(), locked_by = NULL, lease_expires_at = NULL
      FROM dead WHERE j.id = dead.id
    RETURNING j.id, j.status, j.attempts
"""


@dataclass(frozen=True, slots=True)
class Reaped:
    """A job whose worker went silent, and what became of it: PENDING again, or FAILED."""

    id: JobId
    status: Status
    attempt: int


@dataclass(frozen=True, slots=True)
class JobLeases:
    """One worker's dealings with the ledger.

    `worker` is an incarnation: new at every start of the process, so that a worker never mistakes
    the claims of the one before it for its own. Every method raises DatabaseUnavailable when
    PostgreSQL is away. Those that change a job's status `publish` to those who wait for it.
    """

    postgres: Postgres
    worker: UUID
    lease: timedelta
    publish: Publish = publish_nothing

    async def claim(self, ids: Collection[JobId]) -> tuple[Claim, ...]:
        """Claim those of the jobs that wait and are due; the others are somebody else's."""
        rows = await self.postgres.run(
            CLAIM, {"ids": list(ids), "worker": self.worker, "lease": self.lease}
        )
        return self._claimed(rows)

    async def sweep(self, limit: int, grace: timedelta) -> tuple[Claim, ...]:
        """Claim up to `limit` jobs that have been due for longer than `grace`, oldest first.

        Most urgent first: this finds jobs whose id Redis lost, and those that are tried again.
        """
        rows = await self.postgres.run(
            SWEEP, {"limit": limit, "grace": grace, "worker": self.worker, "lease": self.lease}
        )
        return self._claimed(rows)

    async def heartbeat(self, claims: Collection[Claim]) -> frozenset[JobId]:
        """Renew the leases of these claims and return the ids of those that are lost."""
        rows = await self.postgres.run(HEARTBEAT, self._held(claims) | {"lease": self.lease})
        return frozenset(claim.id for claim in claims) - {JobId(row["id"]) for row in rows}

    async def finish(self, results: Iterable[Completed | Failed]) -> frozenset[JobId]:
        """End these jobs and return the ids of those that were not this worker's to end any more.

        Safe to repeat: a job that an earlier call ended with the same result counts as ended.
        """
        by_id = {result.claim.id: result for result in results}
        rows = await self.postgres.run(
            FINISH,
            {"results": Jsonb([_result(r) for r in by_id.values()]), "worker": self.worker},
        )
        # All of them: the first of two tries may have ended those that are doubtful.
        self.publish(by_id)
        doubtful = by_id.keys() - {JobId(row["id"]) for row in rows}
        if not doubtful:
            return frozenset()
        rows = await self.postgres.run(ENDED_AS, {"ids": list(doubtful)})
        # The commit may have been ours and its answer lost.
        ours = {JobId(row["id"]) for row in rows if _is_end_by(by_id[JobId(row["id"])], row)}
        return frozenset(doubtful - ours)

    async def release(self, claims: Collection[Claim], delay: timedelta = timedelta(0)) -> None:
        """Give these jobs back as if they had not been tried, to be claimed after the delay."""
        await self.postgres.run(
            GIVE_BACK,
            self._held(claims)
            | {"unused": True, "delay": delay, "error_code": None, "error_detail": None},
        )
        self.publish(claim.id for claim in claims)

    async def retry_later(self, claim: Claim, error: JobError, delay: timedelta) -> bool:
        """Give a job back after a failed attempt, to be tried again once the delay is over.

        Returns whether it was still this worker's to give.
        """
        rows = await self.postgres.run(
            GIVE_BACK,
            self._held([claim])
            | {
                "unused": False,
                "delay": delay,
                "error_code": error.code,
                "error_detail": error.detail,
            },
        )
        self.publish([claim.id])
        return bool(rows)

    async def reap(self) -> tuple[Reaped, ...]:
        """Take the jobs of workers that went silent, whoever they were."""
        rows = await self.postgres.run(REAP, {"limit": REAP_BATCH})
        self.publish(JobId(row["id"]) for row in rows)
        return tuple(
            Reaped(JobId(row["id"]), Status(row["status"]), row["attempts"]) for row in rows
        )

    def _claimed(self, rows: list[DictRow]) -> tuple[Claim, ...]:
        self.publish(JobId(row["id"]) for row in rows)
        return tuple(to_claim(row) for row in rows)

    def _held(self, claims: Collection[Claim]) -> Json:
        return {
            "ids": [claim.id for claim in claims],
            "fences": [claim.fence for claim in claims],
            "worker": self.worker,
        }


def _is_end_by(result: Completed | Failed, row: DictRow) -> bool:
    status, code = (
        (Status.FAILED, result.error.code)
        if isinstance(result, Failed)
        else (Status.COMPLETED, None)
    )
    ended_as = (row["fence"], row["status"], row["output_path"], row["error_code"])
    return ended_as == (result.claim.fence, status, _output_path(result), code)


def _output_path(result: Completed | Failed) -> str | None:
    return result.outputs[0].path if isinstance(result, Completed) else None


def _result(result: Completed | Failed) -> Json:
    key = {"id": str(result.claim.id), "fence": result.claim.fence}
    if isinstance(result, Failed):
        return key | {
            "status": Status.FAILED,
            "error_code": result.error.code,
            "error_detail": result.error.detail,
        }
    return key | {
        "status": Status.COMPLETED,
        "output_path": _output_path(result),
        "outputs": [asdict(output) for output in result.outputs],
        "input": asdict(result.input),
        "analysis": result.analysis,
    }
