"""POST /upload."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from imagemill.api_schemas import JobBody
from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import CurrentCaller
from imagemill.gateway.errors import (
    BodyTooSlow,
    ClientDisconnected,
    CrossSiteRequest,
    MalformedRequest,
    NotAnImage,
    Overloaded,
    UploadTooLarge,
)
from imagemill.gateway.json_response import render_job, root_path
from imagemill.gateway.limits.connection import has_disconnected
from imagemill.gateway.openapi.headers import response_headers
from imagemill.gateway.openapi.routing import Responses, problems
from imagemill.gateway.openapi.upload import upload_operation
from imagemill.gateway.services import Services, ServicesDep
from imagemill.gateway.upload.checks import (
    check_assets,
    check_callback_url,
    check_digest,
    check_formats,
)
from imagemill.gateway.upload.create_job import CreatedJob, create_job
from imagemill.gateway.upload.idempotency import REPLAYED_HEADER, read_idempotency_key
from imagemill.gateway.upload.upload_reader import UploadReader, check_headers
from imagemill.gateway.waiting.prefer_wait import PREFERENCE_APPLIED, applied_wait, wait_for_end
from imagemill.http_digest import parse_digest
from imagemill.jobs.job import ENDED, Job, JobNotFound
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import StorageFull, StorageUnavailable

router = APIRouter(tags=["upload"])

RESPONSES: Final[Responses] = {
    HTTPStatus.OK.value: {
        "model": JobBody,
        "description": "The job once it has ended, for `Prefer: wait`.",
        "headers": response_headers(
            "Location", PREFERENCE_APPLIED, optional=["Idempotent-Replayed"]
        ),
    },
    HTTPStatus.ACCEPTED.value: {
        "headers": response_headers(
            "Location", optional=[PREFERENCE_APPLIED, "Idempotent-Replayed"]
        )
    },
    **problems(
        CrossSiteRequest,
        MalformedRequest,
        ClientDisconnected,
        BodyTooSlow,
        UploadTooLarge,
        NotAnImage,
        InvalidFields,
        DatabaseUnavailable,
        StorageUnavailable,
        Overloaded,
        StorageFull,
    ),
}


@router.post(
    "/upload",
    summary="Upload an image",
    status_code=HTTPStatus.ACCEPTED,
    response_model=JobBody,
    responses=RESPONSES,
    openapi_extra=upload_operation(),
)
async def upload(services: ServicesDep, caller: CurrentCaller, request: Request) -> Response:
    """Accept an image for processing. A job that was accepted is durable."""
    max_bytes = services.settings.max_upload_bytes
    expected_bytes = check_headers(request, max_bytes)
    announced_sha256 = parse_digest(request.headers.getlist("repr-digest"))
    idempotency_key = read_idempotency_key(request)
    async with (
        services.pending_job_limiter.slot(),
        services.upload_limiter.slot(lambda: has_disconnected(request)),
        services.storage.begin(expected_bytes) as pending_file,
    ):
        reader = UploadReader(pending_file, services.capabilities.inputs, max_bytes)
        try:
            received = await reader.read(request)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody reads it
        await check_digest(pending_file, announced_sha256)
        job_request = services.fields_parser.parse(received.fields)
        check_formats(job_request.pipeline, services.capabilities.outputs)
        await check_assets(job_request.pipeline, services.settings.assets_dir)
        await check_callback_url(job_request.callback_url, services.vetting)
        created = await create_job(
            services, caller, pending_file, received, job_request, idempotency_key
        )
    return await _response(services, request, created)


async def _response(services: Services, request: Request, created: CreatedJob) -> Response:
    """Respond 202 with the job, or 200 if the client waits (`Prefer`) and the job has ended."""
    job = created.job
    headers = {"Location": f"{root_path(request)}/jobs/{job.id}"}
    if created.is_replay:
        headers |= REPLAYED_HEADER
    wait = applied_wait(services.waiters, request)
    if wait is not None:
        headers[PREFERENCE_APPLIED] = f"wait={wait}"
    if wait and job.status not in ENDED:
        job = await _wait(services, request, job, wait)
    has_ended = wait is not None and job.status in ENDED
    return Response(
        render_job(request, job),
        HTTPStatus.OK if has_ended else HTTPStatus.ACCEPTED,
        headers,
        media_type="application/json",
    )


async def _wait(services: Services, request: Request, job: Job, seconds: int) -> Job:
    """Return the job as it is after the wait."""
    try:
        ended = await wait_for_end(services.waiters, request, job.id, seconds)
        return ended or await services.job_store.find(job.id)
    except (DatabaseUnavailable, JobNotFound):
        return job  # it was accepted, whatever happened to it since
