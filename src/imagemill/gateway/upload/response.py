"""The answer to an upload that was accepted, or that is a repetition of one."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from imagemill.api_schemas import JobBody
from imagemill.gateway.services import Services
from imagemill.gateway.waiting.wait_for_end import APPLIED, applied_wait, end_of
from imagemill.jobs.job import ENDED, Job, JobNotFound
from imagemill.postgres.pool import DatabaseUnavailable


async def accepted(
    gateway: Services, request: Request, job: Job, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer 202 with the job, or 200 with the ended one if the client waits for it (`Prefer`)."""
    answer = {"Location": f"/jobs/{job.id}"} | dict(headers or {})
    wait = applied_wait(gateway.waiters, request)
    if wait is not None:
        answer[APPLIED] = f"wait={wait}"
    if wait and job.status not in ENDED:
        job = await _later(gateway, request, job, wait)
    has_ended = wait is not None and job.status in ENDED
    return JSONResponse(
        JobBody.of(job).model_dump(mode="json"),
        HTTPStatus.OK if has_ended else HTTPStatus.ACCEPTED,
        answer,
    )


async def _later(gateway: Services, request: Request, job: Job, seconds: int) -> Job:
    """Return the job as it is when the wait is over."""
    try:
        ended = await end_of(gateway.waiters, request, job.id, seconds)
        return ended or await gateway.job_store.find(job.id)
    except (DatabaseUnavailable, JobNotFound):
        return job  # it was accepted, whatever became of it since
