"""Recording of a decision in PostgreSQL, repeated until PostgreSQL is available."""

import structlog

from imagemill.failpoints import failpoint
from imagemill.jobs.job import Completed, Failed
from imagemill.jobs.leases import JobLeases
from imagemill.postgres.retry import retry_until_available
from imagemill.worker.decide import Decision, Release, Retry
from imagemill.worker.result_batcher import ResultBatcher

log = structlog.get_logger()


async def record_decision(leases: JobLeases, results: ResultBatcher, decision: Decision) -> bool:
    """Record the decision and return True, or False if the job is no longer this worker's.

    Raises psycopg.Error when PostgreSQL is available and rejects it.
    """
    match decision:
        case Completed() | Failed():
            is_recorded = await results.record(decision)
        case Retry(claim=claim, error=error, delay=delay):
            failpoint("retry.recording")
            is_recorded = await retry_until_available(
                lambda: leases.retry_later(claim, error, delay)
            )
        case Release(claim=claim, reason=reason, delay=delay):
            log.warning("job.released", reason=reason)
            await retry_until_available(lambda: leases.release([claim], delay))
            return True
    _log(decision, is_recorded=is_recorded)
    return is_recorded


def _log(decision: Completed | Failed | Retry, *, is_recorded: bool) -> None:
    fields: dict[str, object]
    match decision:
        case Completed():
            event, fields = "job.completed", {}
        case Failed(error=error):
            event, fields = "job.failed", {"code": error.code, "detail": error.detail}
        case Retry(error=error, delay=delay):
            seconds = round(delay.total_seconds(), 1)
            event = "job.retried"
            fields = {"code": error.code, "detail": error.detail, "delay_seconds": seconds}
    if is_recorded:
        log.info(event, **fields)
    else:
        log.warning("job.result_rejected", **fields)
