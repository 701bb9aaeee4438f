"""Reading, canceling, retrying and deleting jobs."""

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Request, Response

from imagemill.api_schemas import JobBody
from imagemill.failpoints import failpoint
from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import ScopedJobStore
from imagemill.gateway.conditional import respond_with_etag
from imagemill.gateway.cursor import CURSOR_PATTERN, decode_cursor, encode_cursor
from imagemill.gateway.errors import CrossSiteRequest
from imagemill.gateway.json_response import render_job, root_path
from imagemill.gateway.openapi.headers import request_headers, response_headers
from imagemill.gateway.openapi.routing import JobIdPath, Responses, get_and_head, problems
from imagemill.gateway.schemas import EventBody, ExplanationBody, HistoryBody, JobsBody
from imagemill.gateway.services import ServicesDep
from imagemill.gateway.waiting.prefer_wait import PREFERENCE_APPLIED, applied_wait, wait_for_end
from imagemill.jobs.explain_query import read_job_context
from imagemill.jobs.explanation import explain
from imagemill.jobs.job import ENDED, IllegalTransition, JobId, JobNotFound, Status
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.keys import outputs_key
from imagemill.telemetry.metrics import JOBS_ENDED

log = structlog.get_logger()
router = APIRouter(tags=["jobs"])

# Exported as 0 from the start: otherwise Prometheus sees no increase in its first value.
CANCELED = JOBS_ENDED.labels(Status.CANCELED, "")

LIST_PROBLEMS = problems(InvalidFields, DatabaseUnavailable)
READ_PROBLEMS = problems(JobNotFound) | LIST_PROBLEMS
CHANGE_PROBLEMS = problems(CrossSiteRequest, IllegalTransition) | READ_PROBLEMS
ETAG_HEADERS = {
    "headers": response_headers("ETag", "Cache-Control", "Vary", optional=["Preference-Applied"])
}
CONDITIONAL: Responses = {
    HTTPStatus.OK.value: ETAG_HEADERS,
    HTTPStatus.NOT_MODIFIED.value: ETAG_HEADERS | {"description": "The client has this already"},
}


@get_and_head(
    router,
    "/jobs",
    summary="List jobs",
    response_model=JobsBody,
    responses=LIST_PROBLEMS,
)
async def list_jobs(
    job_store: ScopedJobStore,
    request: Request,
    status: Annotated[
        list[Status] | None, Query(description="only jobs with these; may be repeated")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="jobs per page")] = 50,
    cursor: Annotated[
        str | None,
        Query(
            description="`next_cursor` of the previous page",
            json_schema_extra={"pattern": CURSOR_PATTERN},
        ),
    ] = None,
) -> JobsBody:
    """Return jobs, newest first, a page at a time. Pages stay consistent while jobs are added."""
    before = None if cursor is None else decode_cursor(cursor)
    page = await job_store.list(status or list(Status), limit, before)
    return JobsBody(
        jobs=[JobBody.of(job, root_path(request)) for job in page.jobs],
        next_cursor=encode_cursor(page.next_before) if page.next_before else None,
    )


@get_and_head(
    router,
    "/jobs/{id}",
    summary="Read a job",
    response_model=JobBody,
    responses=CONDITIONAL | READ_PROBLEMS,
    openapi_extra=request_headers("If-None-Match"),
)
async def read_job(
    services: ServicesDep,
    job_store: ScopedJobStore,
    request: Request,
    job_id: JobIdPath,
    prefer: Annotated[  # noqa: ARG001 - there may be several, and none of them is refused
        str | None,
        Header(
            description="`wait=N`: respond once the job has ended, or after N seconds, at most 55"
        ),
    ] = None,
) -> Response:
    """Return the job."""
    job = await job_store.find(JobId(job_id))
    headers = {"Vary": "Prefer"}
    wait = applied_wait(services.waiters, request)
    if wait is not None:
        headers[PREFERENCE_APPLIED] = f"wait={wait}"
    if wait and job.status not in ENDED:
        job = await wait_for_end(services.waiters, request, job.id, wait) or await job_store.find(
            job.id
        )
    return respond_with_etag(request, render_job(request, job), headers)


@get_and_head(
    router,
    "/jobs/{id}/history",
    summary="Read the history of a job",
    response_model=HistoryBody,
    responses=READ_PROBLEMS,
)
async def read_history(job_store: ScopedJobStore, job_id: JobIdPath) -> HistoryBody:
    """Return every change of status of the job, oldest first."""
    events = await job_store.read_history(JobId(job_id))
    return HistoryBody(events=[EventBody.of(event) for event in events])


@get_and_head(
    router,
    "/jobs/{id}/explain",
    summary="Explain what a job waits for",
    response_model=ExplanationBody,
    responses=READ_PROBLEMS,
)
async def explain_job(job_store: ScopedJobStore, job_id: JobIdPath) -> ExplanationBody:
    """Return what the job waits for, as a sentence and as facts."""
    return ExplanationBody.of(explain(await read_job_context(job_store, JobId(job_id))))


@router.post("/jobs/{id}/cancel", summary="Cancel a job", responses=CHANGE_PROBLEMS)
async def cancel_job(job_store: ScopedJobStore, request: Request, job_id: JobIdPath) -> JobBody:
    """End a job that has not ended. A result that its worker still records is discarded."""
    job = await job_store.cancel(JobId(job_id))
    CANCELED.inc()
    log.info("job.canceled", job_id=str(job.id))
    return JobBody.of(job, root_path(request))


@router.post(
    "/jobs/{id}/retry",
    summary="Retry a job",
    status_code=HTTPStatus.ACCEPTED,
    response_model=JobBody,
    responses={
        HTTPStatus.ACCEPTED.value: {"headers": response_headers("Location")},
        **CHANGE_PROBLEMS,
    },
)
async def retry_job(
    services: ServicesDep, job_store: ScopedJobStore, request: Request, job_id: JobIdPath
) -> Response:
    """Put a FAILED or CANCELED job back at the end of its queue, with new attempts."""
    job = await job_store.retry(JobId(job_id))
    await services.queue.push(job.id, job.priority)
    log.info("job.retried_by_client", job_id=str(job.id))
    return Response(
        render_job(request, job),
        HTTPStatus.ACCEPTED,
        {"Location": f"{root_path(request)}/jobs/{job.id}"},
        media_type="application/json",
    )


@router.delete(
    "/jobs/{id}",
    summary="Delete a job and its files",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,  # without a body, and so without a type of one
    response_description="The job is gone.",
    responses=problems(CrossSiteRequest) | READ_PROBLEMS,
)
async def delete_job(services: ServicesDep, job_store: ScopedJobStore, job_id: JobIdPath) -> None:
    """Delete a job and its files, whatever its status."""
    job = await job_store.delete(JobId(job_id))
    failpoint("job.deleted")
    log.info("job.deleted", job_id=str(job.id))
    try:
        await services.storage.delete(job.input_path, outputs_key(job.id))
    except StorageUnavailable as error:
        log.warning("job.files_not_deleted", job_id=str(job.id), reason=str(error))
