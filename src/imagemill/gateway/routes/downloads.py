"""Downloads of inputs and outputs."""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from imagemill.auth.errors import LinkRefused
from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import ScopedJobStore
from imagemill.gateway.auth.link_access import LINK_PARAMETERS, LinkScopedJobStore
from imagemill.gateway.conditional import has_current, requested_range
from imagemill.gateway.errors import RangeNotSatisfiable
from imagemill.gateway.filenames import stem
from imagemill.gateway.openapi.headers import request_headers, response_headers
from imagemill.gateway.openapi.routing import JobIdPath, OutputNamePath, get_and_head, problems
from imagemill.gateway.services import Services, ServicesDep
from imagemill.http_digest import format_digest
from imagemill.image_files import OutputFile
from imagemill.jobs.job import InputFacts, Job, JobId, JobNotFound
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import FileMissing, StorageUnavailable
from imagemill.telemetry.metrics import DOWNLOADED_BYTES

router = APIRouter(tags=["files"])

SMALL_BYTES: Final = 256 * 1024
IMAGE: Final = {"image/*": {"schema": {"type": "string", "format": "binary"}}}
DOWNLOAD_HEADERS: Final = (
    "ETag",
    "Repr-Digest",
    "Accept-Ranges",
    "Content-Disposition",
    "X-Content-Type-Options",
    "Cache-Control",
)
RESPONSES: Final = {
    HTTPStatus.OK.value: {
        "description": "The bytes",
        "headers": response_headers("Content-Length", *DOWNLOAD_HEADERS),
        "content": IMAGE,
    },
    HTTPStatus.PARTIAL_CONTENT.value: {
        "description": "The requested range of bytes",
        "headers": response_headers("Content-Length", "Content-Range", *DOWNLOAD_HEADERS),
        "content": IMAGE,
    },
    HTTPStatus.NOT_MODIFIED.value: {
        "description": "The client has these bytes already",
        "headers": response_headers(*DOWNLOAD_HEADERS),
    },
} | problems(
    JobNotFound,
    FileMissing,
    RangeNotSatisfiable,
    InvalidFields,
    DatabaseUnavailable,
    StorageUnavailable,
)
CONDITIONS: Final = request_headers("If-None-Match", "Range", "If-Range")


@get_and_head(
    router,
    "/jobs/{id}/input",
    summary="Download the input",
    responses=RESPONSES,
    openapi_extra=CONDITIONS,
    response_class=Response,
)
async def read_input(
    services: ServicesDep, job_store: ScopedJobStore, request: Request, job_id: JobIdPath
) -> Response:
    """Return the uploaded image, byte for byte."""
    job = await job_store.find(JobId(job_id))
    filename = job.input.filename or Path(job.input_path).name
    return await _send(services, request, job.input_path, job.input, filename)


@get_and_head(
    router,
    "/jobs/{id}/outputs/{name}",
    summary="Download an output",
    responses=RESPONSES | problems(LinkRefused),
    response_class=Response,
    openapi_extra={"parameters": [*CONDITIONS["parameters"], *LINK_PARAMETERS]},
)
async def read_output(
    services: ServicesDep,
    job_store: LinkScopedJobStore,
    request: Request,
    job_id: JobIdPath,
    name: OutputNamePath,
) -> Response:
    """Return an output; 404 before the job has completed. A signed link needs no API key."""
    job = await job_store.find(JobId(job_id))
    output = find_output(job, name)
    prefix = stem(job.input.filename) if job.input.filename else str(job.id)
    filename = f"{prefix}-{name}{Path(output.path).suffix}"
    return await _send(services, request, output.path, output, filename)


def find_output(job: Job, name: str) -> OutputFile:
    """Return the job's output of this name. Raises FileMissing."""
    for output in job.outputs:
        if output.name == name:
            return output
    raise FileMissing(f"Job {job.id} is {job.status} and has no output {name!r}.")


async def _send(
    services: Services, request: Request, key: str, facts: InputFacts | OutputFile, filename: str
) -> Response:
    etag = f'"{facts.sha256[:32]}"'
    headers = {
        "ETag": etag,
        "Repr-Digest": format_digest(facts.sha256),
        "Accept-Ranges": "bytes",
        "Content-Disposition": _disposition(filename),
        "X-Content-Type-Options": "nosniff",
        # Shared caches do not store responses to requests with an API key (RFC 9111, 3.5), but a
        # signed link looks to them like any other request.
        "Cache-Control": "private, no-cache",
    }
    if has_current(request, etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    # Most outputs are small: it takes one hop to a thread to read such a file.
    is_small = facts.bytes <= SMALL_BYTES and request.method != "HEAD"
    content = await services.storage.read(key) if is_small else None
    size = len(content) if content is not None else await services.storage.size(key)
    wanted = requested_range(request, size, etag)
    start, end = wanted or (0, size)
    headers["Content-Length"] = str(end - start)
    status = HTTPStatus.OK
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        status = HTTPStatus.PARTIAL_CONTENT
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=facts.media_type)
    if content is not None:
        DOWNLOADED_BYTES.inc(end - start)
        return Response(content[start:end], status, headers, facts.media_type)
    chunks = _count(services.storage.read_range(key, start, end))
    return StreamingResponse(chunks, status, headers, facts.media_type)


def _disposition(filename: str) -> str:
    """Return Content-Disposition (RFC 6266): an ASCII name, and the exact one if it differs."""
    ascii_name = re.sub(r"[^ !#-\[\]-~]", "_", filename)
    exact = f"; filename*=UTF-8''{quote(filename, safe='')}" if ascii_name != filename else ""
    return f'inline; filename="{ascii_name}"{exact}'


async def _count(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    # If the file was truncated, the connection breaks, since bytes of Content-Length are missing.
    async for chunk in chunks:
        DOWNLOADED_BYTES.inc(len(chunk))
        yield chunk
