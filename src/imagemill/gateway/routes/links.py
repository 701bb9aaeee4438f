"""Signed links: access to an output without an API key."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from imagemill.auth.signed_links import expiry, sign
from imagemill.field_errors import FieldError, InvalidFields, json_pointer
from imagemill.gateway.auth.caller import CurrentCaller, ScopedJobStore
from imagemill.gateway.auth.link_access import EXPIRES, SIGNATURE
from imagemill.gateway.errors import BodyTooSlow, CrossSiteRequest, MalformedRequest, UploadTooLarge
from imagemill.gateway.json_response import JsonResponse, root_path
from imagemill.gateway.openapi.headers import response_headers
from imagemill.gateway.openapi.routing import JobIdPath, OutputNamePath, problems
from imagemill.gateway.routes.downloads import find_output
from imagemill.gateway.schemas import LinkBody
from imagemill.gateway.services import ServicesDep
from imagemill.jobs.job import JobId, JobNotFound
from imagemill.near_misses import describe_invalid
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.storage.errors import FileMissing

router = APIRouter(tags=["files"])

MAX_LIFETIME: Final = timedelta(days=7)
MAX_BODY_BYTES: Final = 4096


def _to_int(value: object) -> object:
    """Return 60.0 as 60: in JSON Schema both are the same integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class LinkRequest(BaseModel):
    """The lifetime of a new link."""

    model_config = ConfigDict(extra="forbid", strict=True)

    expires_in: Annotated[int, BeforeValidator(_to_int)] = Field(
        ge=1, le=int(MAX_LIFETIME.total_seconds()), description="seconds"
    )


async def _read_body(request: Request, _: CurrentCaller) -> LinkRequest:
    """Read the body after authentication; FastAPI would read all of it before."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise UploadTooLarge(f"The body exceeds the limit of {MAX_BODY_BYTES} bytes.")
        return LinkRequest.model_validate_json(body)
    except ClientDisconnect as error:
        raise MalformedRequest("The body is incomplete.") from error
    except ValidationError as error:
        faults = (
            FieldError(json_pointer(one["loc"]), describe_invalid(one, LinkRequest.model_fields))
            for one in error.errors()
        )
        raise InvalidFields(*faults) from error


@router.post(
    "/jobs/{id}/outputs/{name}/link",
    summary="Create a signed link to an output",
    status_code=HTTPStatus.CREATED,
    response_model=LinkBody,
    responses={
        HTTPStatus.CREATED.value: {"headers": response_headers("Location")},
        **problems(
            CrossSiteRequest,
            MalformedRequest,
            JobNotFound,
            FileMissing,
            BodyTooSlow,
            UploadTooLarge,
            InvalidFields,
            DatabaseUnavailable,
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": LinkRequest.model_json_schema(),
                    "example": {"expires_in": 3600},
                }
            },
        }
    },
)
async def create_link(
    services: ServicesDep,
    job_store: ScopedJobStore,
    job_id: JobIdPath,
    name: OutputNamePath,
    link_request: Annotated[LinkRequest, Depends(_read_body)],
    request: Request,
) -> Response:
    """Return a link that gives access to this output, and nothing else, without an API key.

    It works until `expires_at`, or until the job is deleted. Like the `url` of an output it is
    relative to the address of this service.
    """
    output = find_output(await job_store.find(JobId(job_id)), name)
    expires = expiry(datetime.now(UTC), timedelta(seconds=link_request.expires_in))
    signature = sign(await services.link_secret.read(), str(job_id), output.name, str(expires))
    query = urlencode({EXPIRES: expires, SIGNATURE: signature})
    url = f"{root_path(request)}/jobs/{job_id}/outputs/{output.name}?{query}"
    body = LinkBody(url=url, expires_at=datetime.fromtimestamp(expires, UTC))
    return JsonResponse(body.model_dump(mode="json"), HTTPStatus.CREATED, {"Location": url})
