"""Rows of the ledger as the values of job.py."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from imagemill.image_files import OutputFile
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
        outputs=tuple(OutputFile(**output) for output in row["outputs"]),
        analysis=row["analysis"],
        error=error,
        priority=Priority(row["priority"]),
        metadata=row["metadata"],
        attempts=row["attempts"],
        max_attempts=row["max_attempts"],
        created_at=to_utc(row["created_at"]),
        run_at=to_utc(row["run_at"]),
        started_at=to_utc(row["started_at"]) if row["started_at"] else None,
        completed_at=to_utc(row["completed_at"]) if row["completed_at"] else None,
        updated_at=to_utc(row["updated_at"]),
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
        at=to_utc(row["at"]),
        status=Status(row["status"]),
        attempt=row["attempt"],
        worker=row["worker"],
        error=_error(row),
    )


def to_situation(row: DictRow) -> Situation:
    return Situation(
        now=to_utc(row["now"]),
        job=to_job(row),
        last_error=_error(row),
        holder=row["locked_by"],
        lease_expires_at=to_utc(row["lease_expires_at"]) if row["lease_expires_at"] else None,
        last_heartbeat=to_utc(row["heartbeat_at"]) if row["heartbeat_at"] else None,
        before=Before(row["due"], row["is_all"], to_utc(row["due_since"]))
        if row["is_in_line"]
        else None,
        workers=Workers(to_utc(row["last_claim"]) if row["last_claim"] else None, row["are_busy"]),
    )


def to_utc(moment: datetime) -> datetime:
    # The driver gives it in whatever time zone the server's settings name.
    return moment.astimezone(UTC)


def _error(row: DictRow) -> JobError | None:
    code = _code(row["error_code"])
    return None if code is None else JobError(code, row["error_detail"] or "")


def _code(value: Any) -> ErrorCode | None:  # noqa: ANN401 - a column's value
    return None if value is None else ErrorCode(value)
