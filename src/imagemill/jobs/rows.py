"""Rows of the tables `jobs` and `job_events` as the values of job.py."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from imagemill.image_files import OutputFile
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

# The columns that `to_job` reads.
JOB_COLUMNS = """
    id, status, input_path, output_path, input, pipeline, outputs, analysis, error_code,
    error_detail, priority::text, metadata, attempts, max_attempts, created_at, run_at, started_at,
    completed_at, updated_at
"""

TIME_COLUMNS: Final = ("created_at", "run_at", "started_at", "completed_at", "updated_at")


def to_job(row: DictRow) -> Job:
    status = Status(row["status"])
    # The row keeps the last error until the job is completed, but it explains these statuses only.
    error = to_error(row) if status in {Status.PENDING, Status.FAILED} else None
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
    """Return the job of a row that was stored as JSON by row_to_json()."""
    times = {
        name: snapshot[name] and datetime.fromisoformat(snapshot[name]) for name in TIME_COLUMNS
    }
    return to_job(snapshot | times | {"id": UUID(snapshot["id"])})


def to_claim(row: DictRow) -> Claim:
    return Claim(
        id=JobId(row["id"]),
        fence=row["fence"],
        attempt=row["attempts"],
        max_attempts=row["max_attempts"],
        input_path=row["input_path"],
        pipeline=row["pipeline"],
        previous_error=_to_code(row["error_code"]),
        traceparent=row["traceparent"],
        has_callback=row["has_callback"],
        wait_time=row["wait_time"],
    )


def to_event(row: DictRow) -> Event:
    return Event(
        id=row["id"],
        at=to_utc(row["at"]),
        status=Status(row["status"]),
        attempt=row["attempt"],
        worker=row["worker"],
        error=to_error(row),
    )


def to_utc(moment: datetime) -> datetime:
    # psycopg returns times in the time zone of the session.
    return moment.astimezone(UTC)


def to_error(row: DictRow) -> JobError | None:
    code = _to_code(row["error_code"])
    return None if code is None else JobError(code, row["error_detail"] or "")


def _to_code(value: Any) -> ErrorCode | None:  # noqa: ANN401 - a column's value
    return None if value is None else ErrorCode(value)
