"""Rows of the ledger as the values of job.py."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from imagemill.jobs.delivery import Delivery, DeliveryStatus, Due
from imagemill.jobs.explanation import Before, Situation, Workers
from imagemill.jobs.job import (
    Claim,
    ErrorCode,
    Event,
    InputFacts,
    Job,
    JobError,
    JobId,
    Json,
    OutputFacts,
    Priority,
    Status,
)

# What a statement returns for `to_job`.
JOB_COLUMNS = """
    id, status, input_path, output_path, input, pipeline, outputs, analysis, error_code,
    error_detail, priority::text, metadata, attempts, max_attempts, created_at, run_at, started_at,
    completed_at, updated_at
"""

MOMENTS: Final = ("created_at", "run_at", "started_at", "completed_at", "updated_at")


def to_job(row: DictRow) -> Job:
    status = Status(row["status"])
    # The row keeps the last error until the job is completed; it describes no other status.
    error = _error(row) if status in {Status.PENDING, Status.FAILED} else None
    return Job(
        id=JobId(row["id"]),
        status=status,
        input_path=row["input_path"],
        output_path=row["output_path"],
        input=InputFacts(**row["input"]),
        pipeline=row["pipeline"],
        outputs=tuple(OutputFacts(**output) for output in row["outputs"]),
        analysis=row["analysis"],
        error=error,
        priority=Priority(row["priority"]),
        metadata=row["metadata"],
        attempts=row["attempts"],
        max_attempts=row["max_attempts"],
        created_at=_utc(row["created_at"]),
        run_at=_utc(row["run_at"]),
        started_at=_utc(row["started_at"]) if row["started_at"] else None,
        completed_at=_utc(row["completed_at"]) if row["completed_at"] else None,
        updated_at=_utc(row["updated_at"]),
    )


def from_snapshot(snapshot: Json) -> Job:
    """Return the job of a row that PostgreSQL wrote as JSON."""
    moments = {name: snapshot[name] and datetime.fromisoformat(snapshot[name]) for name in MOMENTS}
    return to_job(snapshot | moments | {"id": UUID(snapshot["id"])})


def to_claim(row: DictRow) -> Claim:
    return Claim(
        id=JobId(row["id"]),
        fence=row["fence"],
        attempt=row["attempts"],
        max_attempts=row["max_attempts"],
        input_path=row["input_path"],
        pipeline=row["pipeline"],
        previous_error=_code(row["error_code"]),
        traceparent=row["traceparent"],
        has_callback=row["has_callback"],
        waited=row["waited"],
    )


def to_event(row: DictRow) -> Event:
    return Event(
        id=row["id"],
        at=_utc(row["at"]),
        status=Status(row["status"]),
        attempt=row["attempt"],
        worker=row["worker"],
        error=_error(row),
    )


def to_delivery(row: DictRow) -> Delivery:
    return Delivery(
        n=row["n"],
        event=row["event"],
        url=row["url"],
        webhook_id=row["webhook_id"],
        status=DeliveryStatus(row["status"]),
        tries=row["tries"],
        last_status_code=row["last_status_code"],
        last_error=row["last_error"],
        next_try_at=_utc(row["next_try_at"]) if row["next_try_at"] else None,
        delivered_at=_utc(row["delivered_at"]) if row["delivered_at"] else None,
    )


def to_due(row: DictRow) -> Due:
    return Due(
        job_id=JobId(row["job_id"]),
        n=row["n"],
        event=row["event"],
        url=row["url"],
        receiver=row["receiver"],
        webhook_id=row["webhook_id"],
        attempt=row["tries"],
        turn=row["tries"] - row["tries_before"],
        snapshot=row["job"],
        body=row["body"],
        traceparent=row["traceparent"],
    )


def to_situation(row: DictRow) -> Situation:
    return Situation(
        now=_utc(row["now"]),
        job=to_job(row),
        last_error=_error(row),
        holder=row["locked_by"],
        lease_expires_at=_utc(row["lease_expires_at"]) if row["lease_expires_at"] else None,
        last_heartbeat=_utc(row["heartbeat_at"]) if row["heartbeat_at"] else None,
        before=Before(row["due"], row["is_all"], _utc(row["due_since"]))
        if row["is_in_line"]
        else None,
        workers=Workers(_utc(row["last_claim"]) if row["last_claim"] else None, row["are_busy"]),
    )


def _utc(moment: datetime) -> datetime:
    # The driver gives it in whatever time zone the server's settings name.
    return moment.astimezone(UTC)


def _error(row: DictRow) -> JobError | None:
    code = _code(row["error_code"])
    return None if code is None else JobError(code, row["error_detail"] or "")


def _code(value: Any) -> ErrorCode | None:  # noqa: ANN401 - a column's value
    return None if value is None else ErrorCode(value)
