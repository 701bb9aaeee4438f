"""What is counted when a job ends, once the ledger has it."""

from pathlib import PurePosixPath

from imagemill.jobs.job import Completed, Failed, Status
from imagemill.telemetry.metrics import INPUTS, JOBS_ENDED, OUTPUT_BYTES, OUTPUTS


def count_end(result: Completed | Failed) -> None:
    """Count a job that ended so."""
    if isinstance(result, Failed):
        JOBS_ENDED.labels(Status.FAILED, result.error.code).inc()
        return
    JOBS_ENDED.labels(Status.COMPLETED, "").inc()
    INPUTS.labels(_format(result.claim.input_path)).inc()
    for output in result.outputs:
        OUTPUTS.labels(_format(output.path)).inc()
        OUTPUT_BYTES.labels(_format(output.path)).inc(output.bytes)


def _format(key: str) -> str:
    # Keys are ours, and so are their suffixes: a few, whatever clients call their files.
    return PurePosixPath(key).suffix.removeprefix(".")
