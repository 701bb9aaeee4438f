"""Reading jobs and changing their fate."""

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from imagemill.api_schemas import JobBody
from imagemill.failpoints import failpoint
from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import Jobs
from imagemill.gateway.conditional import tagged
from imagemill.gateway.cursor import CURSOR_PATTERN, from_cursor, to_cursor
from imagemill.gateway.openapi.headers import asks_for, headers
from imagemill.gateway.openapi.routing import JobIdPath, Responses, problems, readable
from imagemill.gateway.schemas import EventBody, HistoryBody, JobsBody
from imagemill.gateway.services import Gateway
from imagemill.gateway.waiting.wait_for_end import APPLIED, applied_wait, end_of
from imagemill.jobs.job import ENDED, IllegalTransition, JobId, JobNotFound, Status
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.keys import outputs_key
from imagemill.telemetry.metrics import JOBS_ENDED

log = structlog.get_logger()
router = APIRouter(tags=["jobs"])

# There from the start with 0: only then does Prometheus see its first increase as one.
CANCELED = JOBS_ENDED.labels(Status.CANCELED, "")

LISTING = problems(InvalidFields, DatabaseUnavailable)
READING = problems(JobNotFound) | LISTING
CHANGING = problems(IllegalTransition) | READING
TAGGED = {"headers": headers("ETag", "Cache-Control", "Vary", sometimes=["Preference-Applied"])}
CONDITIONAL: Responses = {
    HTTPStatus.OK.value: TAGGED,
    HTTPStatus.NOT_MODIFIED.value: TAGGED | {"description": "The client has this already"},
}


@readable(
    router,
    "/jobs",
    summary="List jobs",
    response_model=JobsBody,
    responses=LISTING,
)
async def list_jobs(
    jobs: Jobs,
    status: Annotated[list[Status] | None, Query(description="only these; may repeat")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="how many a page")] = 50,
    cursor: Annotated[
        str | None,
        Query(
            description="`next_cursor` of the page before",
            json_schema_extra={"pattern": CURSOR_PATTERN},
        ),
    ] = None,
) -> JobsBody:
    """Return jobs, newest first, a page at a time; pages stay right while jobs are added."""
    before = None if cursor is None else from_cursor(cursor)
    page = await jobs.list(status or list(Status), limit, before)
    return JobsBody(
        jobs=[JobBody.of(job) for job in page.jobs],
        next_cursor=to_cursor(page.next_before) if page.next_before else None,
    )


@readable(
    router,
    "/jobs/{id}",
    summary="Read a job",
    response_model=JobBody,
    responses=CONDITIONAL | READING,
    openapi_extra=asks_for("If-None-Match"),
)
async def read_job(
    gateway: Gateway,
    jobs: Jobs,
    request: Request,
    job_id: JobIdPath,
    prefer: Annotated[  # noqa: ARG001 - there may be several, and none of them is refused
        str | None,
        Header(
            description="`wait=N`: answer once the job has ended, or after N seconds, 60 at most"
        ),
    ] = None,
) -> Response:
    """Return the job as PostgreSQL has it."""
    job = await jobs.find(JobId(job_id))
    others = {"Vary": "Prefer"}
    wait = applied_wait(gateway.waiters, request)
    if wait is not None:
        others[APPLIED] = f"wait={wait}"
    if wait and job.status not in ENDED:
        job = await end_of(gateway.waiters, request, job.id, wait) or await jobs.find(job.id)
    return tagged(request, JobBody.of(job), others)


@readable(
    router,
    "/jobs/{id}/history",
    summary="Read what a job went through",
    response_model=HistoryBody,
    responses=READING,
)
async def read_history(jobs: Jobs, job_id: JobIdPath) -> HistoryBody:
    """Return every change of status the job went through, oldest first."""
    events = await jobs.history(JobId(job_id))
    return HistoryBody(events=[EventBody.of(event) for event in events])


@router.post("/jobs/{id}/cancel", summary="Cancel a job", responses=CHANGING)
async def cancel_job(jobs: Jobs, job_id: JobIdPath) -> JobBody:
    """End a job that has not ended; what its worker still brings is thrown away."""
    job = await jobs.cancel(JobId(job_id))
    CANCELED.inc()
    log.info("job.canceled", job_id=str(job.id))
    return JobBody.of(job)


@router.post(
    "/jobs/{id}/retry",
    summary="Try a job again",
    status_code=HTTPStatus.ACCEPTED,
    response_model=JobBody,
    responses={HTTPStatus.ACCEPTED.value: {"headers": headers("Location")}, **CHANGING},
)
async def retry_job(gateway: Gateway, jobs: Jobs, job_id: JobIdPath) -> JSONResponse:
    """Let a FAILED or CANCELED job begin anew, at the end of its line."""
    job = await jobs.retry(JobId(job_id))
    await gateway.line.push(job.id, job.priority)
    log.info("job.retried_by_client", job_id=str(job.id))
    return JSONResponse(
        JobBody.of(job).model_dump(mode="json"),
        HTTPStatus.ACCEPTED,
        {"Location": f"/jobs/{job.id}"},
    )


@router.delete(
    "/jobs/{id}",
    summary="Delete a job and its files",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,  # without a body, and so without a type of one
    response_description="The job is gone.",
    responses=READING,
)
async def delete_job(gateway: Gateway, jobs: Jobs, job_id: JobIdPath) -> None:
    """Forget a job and remove its files, whatever its status."""
    job = await jobs.delete(JobId(job_id))
    failpoint("job.forgotten")
    log.info("job.deleted", job_id=str(job.id))
    try:
        await gateway.storage.delete(job.input_path, outputs_key(job.id))
    except StorageUnavailable as error:
        log.warning("job.files_left", job_id=str(job.id), reason=str(error))
