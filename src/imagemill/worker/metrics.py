"""Metrics of a worker: claims, attempts, and decisions once they are recorded."""

import time
from collections.abc import Collection
from posixpath import splitext
from typing import Final, Literal

import structlog

from imagemill.imaging.sandbox.exit_reason import ExitReason
from imagemill.jobs.job import (
    NEVER_RETRIED,
    Claim,
    Completed,
    ErrorCode,
    Failed,
    JobError,
    Status,
)
from imagemill.jobs.leases import Reaped
from imagemill.telemetry.metrics import (
    CLAIMS,
    FENCE_REJECTIONS,
    IMAGE_PROCESS_EXITS,
    JOB_PROCESSING_SECONDS,
    JOB_WAITING_SECONDS,
    JOBS_ENDED,
    OUTPUT_BYTES,
    OUTPUTS,
    PROCESSED_INPUTS,
    REAPED_JOBS,
    RETRIES,
    WEBHOOK_TRIES,
    child_of,
)
from imagemill.webhooks.try_result import TryResult, TryStatus
from imagemill.worker.decide import Decision, Retry
from imagemill.worker.job_executor import RecordDecision, RunAttempt

log = structlog.get_logger()

COMPLETED_JOBS: Final = JOBS_ENDED.labels(Status.COMPLETED, "")
CLAIMS_BY_SOURCE: Final = {source: CLAIMS.labels(source) for source in ("queue", "sweep")}


def init_metrics() -> None:
    """Export every counter from 0 on: Prometheus sees a first increase only against a 0."""
    for code in ErrorCode:
        JOBS_ENDED.labels(Status.FAILED, code)
    for code in set(ErrorCode) - NEVER_RETRIED - {ErrorCode.WORKER_LOST}:
        RETRIES.labels(code)
    for status in (Status.PENDING, Status.FAILED):
        REAPED_JOBS.labels(status)
    for reason in ExitReason:
        IMAGE_PROCESS_EXITS.labels(reason)
    for try_status in TryStatus:
        WEBHOOK_TRIES.labels(try_status)


def count_claims(claims: Collection[Claim], source: Literal["queue", "sweep"]) -> None:
    CLAIMS_BY_SOURCE[source].inc(len(claims))
    for claim in claims:
        JOB_WAITING_SECONDS.observe(claim.wait_time.total_seconds())


def measure_attempts(run_attempt: RunAttempt) -> RunAttempt:
    """Wrap the function to observe the duration of each call, whether it returns or raises."""

    async def run(claim: Claim) -> Completed | JobError:
        started = time.monotonic()
        try:
            return await run_attempt(claim)
        finally:
            seconds = time.monotonic() - started
            JOB_PROCESSING_SECONDS.observe(seconds)
            log.debug("job.attempted", seconds=round(seconds, 4))

    return run


def count_decisions(record: RecordDecision) -> RecordDecision:
    """Wrap the function to count each decision once it is recorded, or rejected."""

    async def run(decision: Decision) -> bool:
        is_recorded = await record(decision)
        if is_recorded:
            _count(decision)
        else:
            FENCE_REJECTIONS.inc()
        return is_recorded

    return run


def count_reaped(job: Reaped) -> None:
    REAPED_JOBS.labels(job.status).inc()
    if job.status is Status.FAILED:
        JOBS_ENDED.labels(job.status, ErrorCode.WORKER_LOST).inc()


def count_webhook_try(result: TryResult) -> None:
    WEBHOOK_TRIES.labels(result.status).inc()


def count_exit(reason: ExitReason) -> None:
    """Count an image process that ended."""
    IMAGE_PROCESS_EXITS.labels(reason).inc()


def _count(decision: Decision) -> None:
    match decision:
        case Completed(claim=claim, outputs=outputs):
            COMPLETED_JOBS.inc()
            child_of(PROCESSED_INPUTS, _file_format(claim.input_path)).inc()
            for output in outputs:
                format_ = _file_format(output.path)
                child_of(OUTPUTS, format_).inc()
                child_of(OUTPUT_BYTES, format_).inc(output.bytes)
        case Failed(error=error):
            JOBS_ENDED.labels(Status.FAILED, error.code).inc()
        case Retry(error=error):
            RETRIES.labels(error.code).inc()


def _file_format(key: str) -> str:
    # The suffix is chosen by imagemill, not by clients, so that a label has few values.
    return splitext(key)[1].removeprefix(".")
