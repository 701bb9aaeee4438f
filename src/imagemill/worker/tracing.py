"""Traces of a worker: spans for a job's wait, its attempt, its recording, and for webhooks."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from imagemill.errors import Unavailable
from imagemill.jobs.job import Claim, Completed, ErrorCode, JobError
from imagemill.telemetry.traces import (
    current_span,
    is_recording,
    record_span,
    start_span,
    start_webhook_span,
)
from imagemill.webhooks.dispatcher import SendWebhook
from imagemill.webhooks.request import WebhookRequest
from imagemill.webhooks.try_result import TryResult, TryStatus
from imagemill.worker.decide import Decision
from imagemill.worker.job_executor import RecordDecision, RunAttempt


def trace_job(claim: Claim) -> AbstractContextManager[None]:
    """Record a span `job.attempt` while the block runs, after a span `job.wait` up to now."""
    if claim.traceparent is None and not is_recording():
        return nullcontext()
    return _trace_job(claim)


@contextmanager
def _trace_job(claim: Claim) -> Iterator[None]:
    attributes: dict[str, str | int] = {
        "imagemill.job.id": str(claim.id),
        "imagemill.job.attempt": claim.attempt,
    }
    wait = record_span("job.wait", claim.wait_time, parent=claim.traceparent, attributes=attributes)
    parent = claim.traceparent or wait.traceparent
    with start_span("job.attempt", parent=parent, attributes=attributes):
        yield


def trace_outcome(run_attempt: RunAttempt) -> RunAttempt:
    """Wrap the function to set the current span's status to failed when an attempt fails."""

    async def run(claim: Claim) -> Completed | JobError:
        try:
            outcome = await run_attempt(claim)
        except Unavailable as error:
            current_span().fail(type(error).__name__)
            raise
        except Exception:
            current_span().fail(ErrorCode.INTERNAL)
            raise
        if isinstance(outcome, JobError):
            current_span().fail(outcome.code)
        return outcome

    return run


def trace_recording(record: RecordDecision) -> RecordDecision:
    """Wrap the function to record a span `job.record` for each call."""

    async def run(decision: Decision) -> bool:
        if not is_recording():
            return await record(decision)
        with start_span("job.record"):
            return await record(decision)

    return run


def trace_webhooks(send: SendWebhook) -> SendWebhook:
    """Wrap the function to record a span for each call, and to send its context to the receiver."""

    async def run(request: WebhookRequest) -> TryResult:
        with start_webhook_span(request.url, request.traceparent) as span:
            result = await send(replace(request, headers={**request.headers, **span.headers}))
            if result.status_code is not None:
                span.set_attribute("http.response.status_code", result.status_code)
            if result.status is not TryStatus.DELIVERED:
                span.fail(result.status)
        return result

    return run
