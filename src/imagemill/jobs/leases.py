"""The table `jobs` as workers use it: claims, leases, results and their recovery.

The rules that these statements rest on:
- time is PostgreSQL's, so that no worker's clock matters;
- every change of a claimed job is conditional on its fence and its worker, so that a worker whose
  lease expired cannot change a later attempt. The fence alone is not enough: if PostgreSQL loses
  its last commits in a crash of its host, two claims may have one fence, but never one worker id;
- rows are locked in a fixed order, and claims skip locked rows: they neither wait nor deadlock;
- ids are looked up one by one (LATERAL) in the primary key: no other index serves a status that is
  compared IS TRUE. PostgreSQL keeps the plan of a statement; one that scans all rows, or all that
  wait, suits an empty table and would stay while it fills;
- the planner does not see how many ids there are: it would make a new plan for each handful, which
  takes as long as the claim.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, LiteralString
from uuid import UUID

import structlog
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from imagemill.image_files import InputImage, OutputFile
from imagemill.jobs.job import Claim, Completed, Failed, JobError, JobId, Json, Status
from imagemill.jobs.publish import Publish, publish_nothing
from imagemill.jobs.rows import to_claim
from imagemill.postgres.pool import Postgres

log = structlog.get_logger()

REAP_BATCH_SIZE: Final = 100
FOREVER: Final = timedelta(days=365_000)

CLAIM_DUE = """
    UPDATE jobs j
       SET status = 'PROCESSING', attempts = j.attempts + 1, fence = j.fence + 1,
           locked_by = %(worker)s, lease_expires_at = now() + %(lease)s,
           started_at = coalesce(j.started_at, now()), updated_at = now(), heartbeat_at = now()
      FROM due WHERE j.id = due.id
    RETURNING j.id, j.fence, j.attempts, j.max_attempts, j.input_path, j.pipeline, j.error_code,
              j.traceparent, j.callback_url IS NOT NULL AS has_callback,
              now() - j.run_at AS wait_time
"""

CLAIM = f"""
    WITH due AS MATERIALIZED (
        SELECT id
          FROM (SELECT unnest((SELECT %(ids)s::uuid[])) AS id ORDER BY id) AS popped
          JOIN LATERAL (
               SELECT id FROM jobs
                WHERE id = popped.id AND (status = 'PENDING') IS TRUE AND run_at <= now()
                  FOR UPDATE SKIP LOCKED) AS job USING (id))
    {CLAIM_DUE}
"""

# One range of jobs_ready_idx for each priority, in their order; the rows of one are locked only if
# those before it are fewer than the limit. Entries outside the window are not read: while a
# transaction holds a snapshot, jobs that were claimed since keep theirs.
SWEEP = f"""
    WITH due AS MATERIALIZED (
        SELECT job.id
          FROM unnest(enum_range(NULL::job_priority)) AS own (priority)
         CROSS JOIN LATERAL (
               SELECT id FROM jobs
                WHERE status = 'PENDING' AND priority = own.priority
                  AND run_at <= now() - %(grace)s::interval
                  AND run_at > now() - %(window)s::interval
                ORDER BY run_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) AS job
         LIMIT %(limit)s)
    {CLAIM_DUE}
"""

HEARTBEAT = """
    UPDATE jobs j SET lease_expires_at = now() + %(lease)s, heartbeat_at = now()
      FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[]) AS claim (id, fence)
     WHERE j.id = claim.id AND j.fence = claim.fence AND j.locked_by = %(worker)s
       AND j.status = 'PROCESSING'
    RETURNING j.id
"""

FINISH = """
    WITH owned AS MATERIALIZED (
        SELECT done.*
          FROM (SELECT * FROM jsonb_to_recordset(%(results)s) AS result (
                       id uuid, fence bigint, status text, output_path text, outputs jsonb,
                       input jsonb, analysis jsonb, error_code text, error_detail text)
                 ORDER BY id) AS done
          JOIN LATERAL (
               SELECT id FROM jobs
                WHERE id = done.id AND fence = done.fence AND locked_by = %(worker)s
                  AND (status = 'PROCESSING') IS TRUE
                  FOR UPDATE) AS job USING (id))
    UPDATE jobs j
       SET status = owned.status, output_path = owned.output_path,
           outputs = coalesce(owned.outputs, '[]'), input = j.input || coalesce(owned.input, '{}'),
           analysis = owned.analysis, error_code = owned.error_code,
           error_detail = left(owned.error_detail, 2000),
           completed_at = now(), updated_at = now(), locked_by = NULL, lease_expires_at = NULL
      FROM owned WHERE j.id = owned.id
    RETURNING j.id
"""

FIND_RESULTS = """
    SELECT id, fence, status, output_path, error_code FROM jobs WHERE id = ANY(%(ids)s)
"""

RELEASE = """
    UPDATE jobs j
       SET status = 'PENDING', locked_by = NULL, lease_expires_at = NULL,
           attempts = j.attempts - CASE WHEN %(is_unused)s THEN 1 ELSE 0 END,
           run_at = now() + %(delay)s, updated_at = now(),
           error_code = coalesce(%(error_code)s, j.error_code),
           error_detail = coalesce(left(%(error_detail)s, 2000), j.error_detail)
      FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[]) AS claim (id, fence)
     WHERE j.id = claim.id AND j.fence = claim.fence AND j.locked_by = %(worker)s
       AND j.status = 'PROCESSING'
    RETURNING j.id
"""

# The delay is that of job.backoff().
REAP = """
    WITH expired AS MATERIALIZED (
        SELECT id FROM jobs
         WHERE status = 'PROCESSING' AND lease_expires_at < now()
         ORDER BY lease_expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    UPDATE jobs j
       SET status = CASE WHEN j.attempts >= j.max_attempts THEN 'FAILED' ELSE 'PENDING' END,
           completed_at = CASE WHEN j.attempts >= j.max_attempts THEN now() END,
           error_code = 'worker_lost',
           error_detail = 'The worker of attempt ' || j.attempts || ' stopped sending heartbeats.',
           run_at = CASE WHEN j.attempts >= j.max_attempts THEN j.run_at
               ELSE now() + least(interval '60 s', interval '1 s' * 2 ^ least(j.attempts, 6))
                          * (0.5 + random()) END,
           updated_at = now(), locked_by = NULL, lease_expires_at = NULL
      FROM expired WHERE j.id = expired.id
    RETURNING j.id, j.status, j.attempts
"""


@dataclass(frozen=True, slots=True)
class Reaped:
    """A job whose lease expired, and its status now: PENDING, or FAILED if no attempt was left."""

    id: JobId
    status: Status
    attempt: int


@dataclass(frozen=True, slots=True)
class JobLeases:
    """The leases of one worker.

    `worker` is an id that is new at each start of the process, so that a worker never takes claims
    of its predecessor for its own. Every method raises DatabaseUnavailable. Those that change a
    job's status `publish` its id.
    """

    postgres: Postgres
    worker: UUID
    lease: timedelta
    publish: Publish = publish_nothing

    async def claim(self, ids: Collection[JobId]) -> tuple[Claim, ...]:
        """Claim those of the jobs that are PENDING and due, and not locked by another claim."""
        return await self._claim(CLAIM, {"ids": list(ids)})

    async def sweep(
        self, limit: int, grace: timedelta, window: timedelta = FOREVER
    ) -> tuple[Claim, ...]:
        """Claim up to `limit` jobs that have been due for longer than `grace`, within `window`.

        By priority, then the oldest first. This finds jobs whose ids Redis lost, and retried ones.
        """
        return await self._claim(SWEEP, {"limit": limit, "grace": grace, "window": window})

    async def heartbeat(self, claims: Collection[Claim]) -> frozenset[JobId]:
        """Renew the leases of these claims and return the ids of the jobs whose lease is lost."""
        rows = await self.postgres.run(HEARTBEAT, self._parameters(claims) | {"lease": self.lease})
        return frozenset(claim.id for claim in claims) - {JobId(row["id"]) for row in rows}

    async def finish(self, results: Iterable[Completed | Failed]) -> frozenset[JobId]:
        """Record these results and return the ids of the jobs whose lease was lost before.

        Safe to repeat: a job that an earlier call finished with the same result is not among them.
        """
        by_id = {result.claim.id: result for result in results}
        rows = await self.postgres.run(
            FINISH,
            {"results": Jsonb([_to_json(each) for each in by_id.values()]), "worker": self.worker},
        )
        # All of them: a first execution whose result was lost may have finished the others.
        self.publish(by_id)
        unfinished = by_id.keys() - {JobId(row["id"]) for row in rows}
        if not unfinished:
            return frozenset()
        rows = await self.postgres.run(FIND_RESULTS, {"ids": list(unfinished)})
        finished_before = {
            JobId(row["id"]) for row in rows if _is_result_of(by_id[JobId(row["id"])], row)
        }
        return frozenset(unfinished - finished_before)

    async def release(self, claims: Collection[Claim], delay: timedelta = timedelta(0)) -> None:
        """Make these jobs PENDING, due after the delay, without using up the attempt."""
        await self.postgres.run(
            RELEASE,
            self._parameters(claims)
            | {"is_unused": True, "delay": delay, "error_code": None, "error_detail": None},
        )
        self.publish(claim.id for claim in claims)

    async def retry_later(self, claim: Claim, error: JobError, delay: timedelta) -> bool:
        """Make the job of a failed attempt PENDING, due after the delay.

        Returns False when its lease was lost before.
        """
        rows = await self.postgres.run(
            RELEASE,
            self._parameters([claim])
            | {
                "is_unused": False,
                "delay": delay,
                "error_code": error.code,
                "error_detail": error.detail,
            },
        )
        self.publish([claim.id])
        return bool(rows)

    async def reap(self) -> tuple[Reaped, ...]:
        """End all attempts whose leases have expired; their jobs are retried or fail."""
        rows = await self.postgres.run(REAP, {"limit": REAP_BATCH_SIZE})
        self.publish(JobId(row["id"]) for row in rows)
        return tuple(
            Reaped(JobId(row["id"]), Status(row["status"]), row["attempts"]) for row in rows
        )

    async def _claim(self, statement: LiteralString, parameters: Json) -> tuple[Claim, ...]:
        rows = await self.postgres.run(
            statement, parameters | {"worker": self.worker, "lease": self.lease}
        )
        self.publish(JobId(row["id"]) for row in rows)
        return tuple(claim for row in rows if (claim := _to_claim(row)))

    def _parameters(self, claims: Collection[Claim]) -> Json:
        return {
            "ids": [claim.id for claim in claims],
            "fences": [claim.fence for claim in claims],
            "worker": self.worker,
        }


def _to_claim(row: DictRow) -> Claim | None:
    """Return the claim; None if its row is no claim to this version: its lease expires."""
    try:
        return to_claim(row)
    except Exception:
        log.exception("job.unreadable", job_id=str(row["id"]))
        return None


def _is_result_of(result: Completed | Failed, row: DictRow) -> bool:
    status, code = (
        (Status.FAILED, result.error.code)
        if isinstance(result, Failed)
        else (Status.COMPLETED, None)
    )
    recorded = (row["fence"], row["status"], row["output_path"], row["error_code"])
    return recorded == (result.claim.fence, status, _output_path(result), code)


def _output_path(result: Completed | Failed) -> str | None:
    return result.outputs[0].path if isinstance(result, Completed) else None


def _to_json(result: Completed | Failed) -> Json:
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
        "outputs": [_fields(output) for output in result.outputs],
        "input": _fields(result.input),
        "analysis": result.analysis,
    }


def _fields(facts: InputImage | OutputFile) -> Json:
    # asdict() copies every value, which takes ten times as long.
    return {name: getattr(facts, name) for name in facts.__slots__}
