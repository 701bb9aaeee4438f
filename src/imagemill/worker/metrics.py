"""What a worker counts of the jobs that it ends, once the ledger has it, and of its own doings."""

from pathlib import PurePosixPath

from imagemill.imaging.sandbox.exit_reason import ExitReason
from imagemill.jobs.job import FINAL_AT_ONCE, Completed, ErrorCode, Failed, Status
from imagemill.telemetry.metrics import (
    CLAIMS,
    IMAGE_PROCESS_EXITS,
    JOBS_ENDED,
    OUTPUT_BYTES,
    OUTPUTS,
    PROCESSED_INPUTS,
    REAPED_JOBS,
    RETRIES,
    WEBHOOK_TRIES,
)
from imagemill.webhooks.try_result import TryStatus


def init_metrics() -> None:
    """Let counters be there with 0: only then does Prometheus see their first increase as one."""
    JOBS_ENDED.labels(Status.COMPLETED, "")
    for code in ErrorCode:
        JOBS_ENDED.labels(Status.FAILED, code)
    for code in set(ErrorCode) - FINAL_AT_ONCE - {ErrorCode.WORKER_LOST}:
        RETRIES.labels(code)
    for status in (Status.PENDING, Status.FAILED):
        REAPED_JOBS.labels(status)
    for source in ("queue", "sweep"):
        CLAIMS.labels(source)
    for cause in ExitReason:
        IMAGE_PROCESS_EXITS.labels(cause)
    for result in TryStatus:
        WEBHOOK_TRIES.labels(result)


def count_end(result: Completed | Failed) -> None:
    """Count a job that ended so."""
    if isinstance(result, Failed):
        JOBS_ENDED.labels(Status.FAILED, result.error.code).inc()
        return
    JOBS_ENDED.labels(Status.COMPLETED, "").inc()
    PROCESSED_INPUTS.labels(_format(result.claim.input_path)).inc()
    for output in result.outputs:
        OUTPUTS.labels(_format(output.path)).inc()
        OUTPUT_BYTES.labels(_format(output.path)).inc(output.bytes)


def count_exit(cause: ExitReason) -> None:
    """Count an image process that ended."""
    IMAGE_PROCESS_EXITS.labels(cause).inc()


def _format(key: str) -> str:
    # Keys are ours, and so are their suffixes: a few, whatever clients call their files.
    return PurePosixPath(key).suffix.removeprefix(".")
