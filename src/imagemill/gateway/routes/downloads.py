"""The bytes of inputs and outputs."""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.caller import Jobs
from imagemill.gateway.auth.linked import PARAMETERS, LinkedJobs
from imagemill.gateway.conditional import byte_range, matches
from imagemill.gateway.errors import LinkRefused, RangeNotSatisfiable
from imagemill.gateway.filenames import stem
from imagemill.gateway.openapi.headers import asks_for, headers
from imagemill.gateway.openapi.routing import JobIdPath, OutputNamePath, problems, readable
from imagemill.gateway.services import Gateway, Services
from imagemill.http_digest import format_digest
from imagemill.image_files import OutputFile
from imagemill.jobs.job import InputFacts, Job, JobId, JobNotFound
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import FileMissing, StorageUnavailable
from imagemill.telemetry.metrics import DOWNLOADED_BYTES

router = APIRouter(tags=["files"])

IMAGE: Final = {"image/*": {"schema": {"type": "string", "format": "binary"}}}
ALWAYS: Final = (
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
        "headers": headers("Content-Length", *ALWAYS),
        "content": IMAGE,
    },
    HTTPStatus.PARTIAL_CONTENT.value: {
        "description": "The range of bytes that was asked for",
        "headers": headers("Content-Length", "Content-Range", *ALWAYS),
        "content": IMAGE,
    },
    HTTPStatus.NOT_MODIFIED.value: {
        "description": "The client has these bytes already",
        "headers": headers(*ALWAYS),
    },
} | problems(
    JobNotFound,
    FileMissing,
    RangeNotSatisfiable,
    InvalidFields,
    DatabaseUnavailable,
    StorageUnavailable,
)
ASKING: Final = asks_for("If-None-Match", "Range", "If-Range")


@readable(
    router,
    "/jobs/{id}/input",
    summary="Fetch the image that came in",
    responses=RESPONSES,
    openapi_extra=ASKING,
    response_class=Response,
)
async def read_input(gateway: Gateway, jobs: Jobs, request: Request, job_id: JobIdPath) -> Response:
    """Return the image that came in, byte for byte."""
    job = await jobs.find(JobId(job_id))
    filename = job.input.filename or Path(job.input_path).name
    return await _send(gateway, request, job.input_path, job.input, filename)


@readable(
    router,
    "/jobs/{id}/outputs/{name}",
    summary="Fetch an image that went out",
    responses=RESPONSES | problems(LinkRefused),
    response_class=Response,
    openapi_extra={"parameters": [*ASKING["parameters"], *PARAMETERS]},
)
async def read_output(
    gateway: Gateway, jobs: LinkedJobs, request: Request, job_id: JobIdPath, name: OutputNamePath
) -> Response:
    """Return an image that went out; 404 before the job has it. A signed link needs no key."""
    job = await jobs.find(JobId(job_id))
    output = output_of(job, name)
    origin = stem(job.input.filename) if job.input.filename else str(job.id)
    filename = f"{origin}-{name}{Path(output.path).suffix}"
    return await _send(gateway, request, output.path, output, filename)


def output_of(job: Job, name: str) -> OutputFile:
    """Return the job's output of this name. Raises FileMissing."""
    for output in job.outputs:
        if output.name == name:
            return output
    raise FileMissing(f"Job {job.id} is {job.status} and has no output {name!r}.")


async def _send(
    gateway: Services, request: Request, key: str, facts: InputFacts | OutputFile, filename: str
) -> Response:
    etag = f'"{facts.sha256[:32]}"'
    headers = {
        "ETag": etag,
        "Repr-Digest": format_digest(facts.sha256),
        "Accept-Ranges": "bytes",
        "Content-Disposition": _disposition(filename),
        "X-Content-Type-Options": "nosniff",
        # Caches that many share keep away by themselves from what was asked for with a key; to
        # them a signed link looks like any other request (RFC 9111, 3.5).
        "Cache-Control": "private, no-cache",
    }
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    size = await gateway.storage.size(key)
    asked = byte_range(request, size, etag)
    start, end = asked or (0, size)
    headers["Content-Length"] = str(end - start)
    status = HTTPStatus.OK
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        status = HTTPStatus.PARTIAL_CONTENT
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=facts.media_type)
    return StreamingResponse(
        _count(gateway.storage.read_range(key, start, end)), status, headers, facts.media_type
    )


def _disposition(filename: str) -> str:
    """Return the header (RFC 6266): a plain name for all, and the exact one for who can read it."""
    plain = re.sub(r"[^ !#-\[\]-~]", "_", filename)
    exact = f"; filename*=UTF-8''{quote(filename, safe='')}" if plain != filename else ""
    return f'inline; filename="{plain}"{exact}'


async def _count(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    # Fewer bytes than announced, of a file that was cut short, break the connection.
    async for chunk in chunks:
        DOWNLOADED_BYTES.inc(len(chunk))
        yield chunk
